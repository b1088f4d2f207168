//! One conversation with a proxy: what its machine wants written is written, what arrives is handed in.

use std::io;
use std::pin::pin;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::NoTunnel;
use crate::clock;
use crate::network::Stream;
use crate::protocol::tunnel::{Negotiation, Step, TunnelFault};

/// Until the tunnel is open. What was received behind the proxy's answer stays in `received`.
pub(super) async fn negotiate(
    stream: &mut Box<dyn Stream>,
    machine: &mut dyn Negotiation,
    received: &mut BytesMut,
    deadline: Option<Instant>,
    limit: Duration,
) -> Result<(), NoTunnel> {
    let failure = match clock::until(deadline, pin!(converse(stream, machine, received))).await {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(NoTunnel::Fault(fault))) => return Err(NoTunnel::Fault(fault)),
        Ok(Err(broken)) => broken,
        Err(_) => NoTunnel::Timeout(limit),
    };
    // What was refused by then says more.
    Err(machine.handle_failure().map_or(failure, NoTunnel::Fault))
}

async fn converse(
    stream: &mut Box<dyn Stream>,
    machine: &mut dyn Negotiation,
    received: &mut BytesMut,
) -> Result<(), NoTunnel> {
    let mut why_until = None;
    loop {
        while let Some(output) = machine.output() {
            stream.write_all(&output).await.map_err(NoTunnel::Broken)?;
            stream.flush().await.map_err(NoTunnel::Broken)?;
        }
        match machine.handle_input(received).map_err(NoTunnel::Fault)? {
            Step::Open => return Ok(()),
            Step::Write => {}
            Step::NeedMore(most) => {
                let mut piece = [0; PIECE];
                let most = most.min(PIECE);
                // What it refuses is clear: nobody waits long to hear why.
                if machine.is_refused() {
                    why_until = why_until.or_else(|| clock::now().checked_add(PATIENCE));
                }
                let Ok(read) = clock::until(why_until, pin!(stream.read(&mut piece[..most]))).await else {
                    return Err(machine.handle_failure().map_or(NoTunnel::Timeout(PATIENCE), NoTunnel::Fault));
                };
                match read {
                    Ok(0) => match machine.handle_end().map_err(NoTunnel::Fault)? {
                        Step::Open => return Ok(()),
                        Step::Write | Step::NeedMore(_) => return Err(NoTunnel::Fault(TunnelFault::Ended)),
                    },
                    Ok(count) => received.extend_from_slice(&piece[..count]),
                    // Closed with something of ours unread, as by a proxy that does not know what it was asked.
                    Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                        return Err(machine.handle_failure().map_or(NoTunnel::Broken(error), NoTunnel::Fault));
                    }
                    Err(error) => return Err(NoTunnel::Broken(error)),
                }
            }
        }
    }
}

const PIECE: usize = 1024;
/// How long the body of a refusal is waited for.
const PATIENCE: Duration = Duration::from_secs(1);
