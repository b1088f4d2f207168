//! Stubs that `tonic` has generated, called unchanged through our session at a server that is `tonic`'s own.

mod conversations;
mod endings;
mod kinds;
mod oracle;
mod statuses;
mod wires;

use std::net::{Ipv4Addr, SocketAddr};

use hinternet::{Connection, Protocols, Session, SessionBuilder};
use integration_tests::recorder::Recorder;
use oracle::Oracle;
use service::echo::Words;
use service::echo::echo_client::EchoClient;
use service::echo_server::Running;
use service::grpc::{Transport, transport};

/// A server, a watched session, and a connection handle between them.
struct Scene {
    recorder: Recorder,
    session: Session,
    connection: Connection,
    server: Running,
    oracle: Oracle,
}

impl Scene {
    async fn new() -> Self {
        Self::with(builder()).await
    }

    async fn with(builder: SessionBuilder) -> Self {
        let oracle = Oracle::default();
        let server = Running::start(oracle.clone(), SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
        let recorder = Recorder::start();
        let session = recorder.session(builder);
        let connection = session.connect(&server.origin()).unwrap();
        Self { recorder, session, connection, server, oracle }
    }

    fn echo(&self) -> EchoClient<Transport> {
        EchoClient::new(transport(self.connection.clone()))
    }

    async fn end(self) {
        let Self { recorder, session, connection, server, .. } = self;
        drop(connection);
        recorder.finish(session).await;
        server.stop().await;
    }
}

fn builder() -> SessionBuilder {
    Session::builder().protocols(Protocols::RequireHttp2)
}

fn words(text: impl Into<String>) -> Words {
    Words { text: text.into(), times: 0, after_ms: 0 }
}

fn times(times: u32, text: impl Into<String>) -> Words {
    Words { times, ..words(text) }
}
