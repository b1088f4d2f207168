//! `tls_facts HOST`: what is known of a host's TLS, or the sentence a person needs when it fails.
//!
//! | exit code | when |
//! |---|---|
//! | 0 | the handshake succeeded |
//! | 1 | it did not, or there was none |
//! | 2 | the arguments make no sense |

mod arguments;
mod facts;
mod own_host;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use hinternet::tls::{SecurityInfo, TlsOptions};
use hinternet::{Error, Method, NotificationMask, Session, Status, Timeouts};

use arguments::Arguments;
use own_host::OwnHost;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let tls = match arguments.tls() {
        Ok(tls) => tls,
        Err(sentence) => {
            eprintln!("tls_facts: {sentence}");
            return ExitCode::from(2);
        }
    };
    match look_at_whom(&arguments, tls).await {
        Ok(security) => {
            print!("{}", facts::of(&security));
            ExitCode::SUCCESS
        }
        Err(error) => {
            if let Some(failure) = error.tls() {
                print!("{}", facts::of_failure(failure));
            }
            eprintln!("tls_facts: {error}");
            if let Some(advice) = facts::advice(&error) {
                eprintln!("tls_facts: {advice}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn look_at_whom(arguments: &Arguments, tls: TlsOptions) -> Result<Arc<SecurityInfo>, Error> {
    match arguments.origin() {
        Some(origin) => look(&origin, tls, arguments.timeouts()).await,
        None => {
            let own = OwnHost::start().await;
            look(&own.origin(), tls.trust_only([own.authority.clone()]), arguments.timeouts()).await
        }
    }
}

// ANCHOR: look
/// Shakes hands with the host. What it answers to the request does not matter, and need not be HTTP.
async fn look(origin: &str, tls: TlsOptions, timeouts: Timeouts) -> Result<Arc<SecurityInfo>, Error> {
    let session = Session::builder().tls(tls).timeouts(timeouts).open()?;
    let connection = session.connect(origin)?;
    let request = connection.open_request(Method::HEAD, "/")?;
    let mut told = request.notifications(NotificationMask::TLS_HANDSHAKE)?;
    let sent = request.send(()).await;
    // A client certificate that is missing is told to TLS 1.3 only with the first thing the server says.
    let answered = match sent {
        Ok(()) => request.receive_response().await.map(drop),
        Err(error) => Err(error),
    };
    session.close().await?;
    let mut secured = None;
    while let Some(one) = told.next().await {
        if let Status::ConnectionSecured(security) = one.status {
            secured = Some(security);
        }
    }
    match (secured, answered) {
        (_, Err(error)) if error.tls().is_some() => Err(error),
        (Some(security), _) => Ok(security),
        (None, answered) => {
            Err(answered.err().unwrap_or_else(|| unreachable!("https has no wire without a handshake")))
        }
    }
}
// ANCHOR_END: look
