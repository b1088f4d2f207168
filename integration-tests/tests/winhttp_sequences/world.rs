//! The servers a recorded scenario talks to: the recording's ports and paths, on ports of our own.

use std::net::SocketAddr;

use integration_tests::Gate;
use integration_tests::origin::{Origin, Reply};
use integration_tests::request::Request;
use integration_tests::scripted_peer::{Script, ScriptedPeer};

/// What stands in for the recording's port 22100, and for 22140 where nobody listened.
pub(crate) struct World {
    server: Server,
    /// Bound and never listened on: connecting is refused, and nobody else can take the port.
    refusing: socket2::Socket,
    /// What stands in for port 22101.
    _other: Origin,
    /// Holds back the answers to `/slow`.
    pub(crate) slow: Gate,
    /// Lets the server close the idle connection.
    pub(crate) idle: Gate,
}

enum Server {
    Honest(Origin),
    ClosingWhenIdle(ScriptedPeer),
}

impl World {
    pub(crate) async fn for_scenario(name: &str) -> Self {
        let (slow, idle) = (Gate::new(), Gate::new());
        let refusing = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        refusing.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        let other = Origin::start(|_| Reply::ok("hello")).await;
        let elsewhere = Elsewhere { refusing: port_of(&refusing), other: other.address().port() };
        let server = if name == "idle_close_reconnect" {
            let hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
            let closing = Script::new().read_request().send(hello).hold(&idle).close();
            Server::ClosingWhenIdle(ScriptedPeer::start(vec![closing, Script::answering(hello)]).await)
        } else {
            let slow = slow.clone();
            Server::Honest(Origin::start(move |request| answer(request, &slow, elsewhere)).await)
        };
        Self { server, refusing, _other: other, slow, idle }
    }

    /// Our port for one of the recording's.
    pub(crate) fn port(&self, recorded: u64) -> u16 {
        match &self.server {
            _ if recorded == 22140 => port_of(&self.refusing),
            Server::Honest(origin) => origin.address().port(),
            Server::ClosingWhenIdle(peer) => peer.address().port(),
        }
    }

    /// The server closes its idle connection, and the client has noticed.
    pub(crate) async fn close_idle(&self) {
        self.idle.open();
        if let Server::ClosingWhenIdle(peer) = &self.server {
            peer.wait_for_end(0).await;
        }
    }
}

/// Ports that redirects lead to.
#[derive(Clone, Copy)]
struct Elsewhere {
    refusing: u16,
    other: u16,
}

fn port_of(socket: &socket2::Socket) -> u16 {
    socket.local_addr().unwrap().as_socket().unwrap().port()
}

fn answer(request: &Request, slow: &Gate, elsewhere: Elsewhere) -> Reply {
    let own_port = request.field("host").and_then(|host| host.split(':').nth(1)).unwrap_or_default();
    match request.path() {
        "/redir" => {
            let status = request.query("code").and_then(|code| code.parse().ok()).unwrap_or(302);
            Reply::redirect(status, request.query("to").unwrap_or("/hello")).body("moved")
        }
        "/redirclose" => Reply::redirect(302, "/hello").body("moved").closing(),
        "/redircross" => Reply::redirect(302, format!("http://localhost:{own_port}/hello")),
        "/redirport" => Reply::redirect(302, format!("http://127.0.0.1:{}/hello", elsewhere.other)),
        "/redirrefused" => Reply::redirect(302, format!("http://127.0.0.1:{}/hello", elsewhere.refusing)),
        "/hello" => Reply::ok("hello"),
        "/echo" => Reply::ok(format!("len={}", request.body.len())),
        "/chunked" => Reply::new(200).chunked(["abcd", "efghijkl", "mnopqr"]),
        "/chunkedfast" => Reply::new(200).chunked(["abcd", "efgh", "ijkl"]),
        "/bodyslow" => Reply::ok("abcdefghijkl"),
        "/big" => Reply::ok("x".repeat(request.query("n").and_then(|n| n.parse().ok()).unwrap_or(0))),
        "/http10" => Reply::raw("HTTP/1.0 200 OK\r\n\r\nten bytes"),
        "/204" => Reply::new(204),
        "/404" => Reply::new(404).body("nope"),
        "/slow" => Reply::ok("hello").held(slow),
        "/garbage" => Reply::raw("this is not an HTTP answer\r\n"),
        other => Reply::new(500).body(format!("the world has no {other}")),
    }
}
