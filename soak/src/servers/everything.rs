//! A server of each kind, proxies, and what stands before servers and spoils what passes.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures_util::{SinkExt, StreamExt};
use integration_tests::certificates::{Authority, Leaf};
use integration_tests::deflating::{DeflatingOrigin, Terms};
use integration_tests::fault_proxy::{Direction, Fault, FaultProxy};
use integration_tests::guard::Guard;
use integration_tests::http2_origin::{Answer, Http2Origin, Reason, Served, Settings};
use integration_tests::origin::{Origin, Reply};
use integration_tests::proxy::{HttpProxy, Manner};
use integration_tests::request::Request;
use integration_tests::socks::SocksProxy;
use integration_tests::tls::Tls;
use integration_tests::websocket::WebSocketOrigin;
use integration_tests::{Gate, Seeded};

use super::site;
use crate::Failed;

pub(super) async fn serve() -> Result<(), Failed> {
    let authority = Authority::new("Authority of the soak");
    let tls = Tls::new(&authority.issue(Leaf::for_names(["127.0.0.1", "here.example"])));
    let http1 = Origin::start(site::answer).await;
    let secure = Origin::secure(&tls, site::answer).await;
    let http2 = Http2Origin::with(Settings::new().websockets(echo), by_stream).await;
    let both = tls.clone().offering(&["h2", "http/1.1"]);
    let secure_http2 = Http2Origin::with(Settings::new().tls(&both).websockets(echo), by_stream).await;
    let websocket = WebSocketOrigin::echo().await;
    let deflating = DeflatingOrigin::echo(Terms::USUAL, 0).await;
    let basic = Origin::start(Guard::basic("alice", "s3cret").before(|_| Reply::ok("admitted"))).await;
    let digest = Guard::digest("SHA-256", "auth", "alice", "s3cret");
    let digest = Origin::start(digest.before(|_| Reply::ok("admitted"))).await;
    let proxy = HttpProxy::start(Manner::open()).await;
    let asking = HttpProxy::start(Manner::open().knowing("Basic YWxpY2U6czNjcmV0")).await;
    let socks = SocksProxy::open().await;
    let mut spoiled = Vec::new();
    for server in [http1.address(), secure.address(), http2.address(), websocket.address()] {
        spoiled.push(FaultProxy::start(server).await);
    }
    let places = [
        ("http1", http1.origin()),
        ("secure", secure.origin()),
        ("http2", http2.origin()),
        ("secure-http2", secure_http2.origin()),
        ("websocket", websocket.origin()),
        ("deflating", deflating.url().replacen("ws", "http", 1).trim_end_matches('/').to_owned()),
        ("basic", basic.origin()),
        ("digest", digest.origin()),
        ("proxy", proxy.origin()),
        ("asking-proxy", asking.origin().replacen("//", "//alice:s3cret@", 1)),
        ("socks", socks.origin().replacen("http", "socks5", 1)),
        ("spoiled-http1", spoiled[0].origin()),
        ("spoiled-secure", spoiled[1].origin().replacen("http", "https", 1)),
        ("spoiled-http2", spoiled[2].origin()),
        ("spoiled-websocket", spoiled[3].origin()),
        ("authority", BASE64.encode(authority.der())),
    ];
    tokio::select! {
        ended = super::stay(&places) => ended,
        () = spoil(&spoiled) => Ok(()),
    }
}

/// What a server of HTTP/2 does, which has more ways to fail.
fn by_stream(request: &Request) -> Answer {
    match request.path() {
        "/reset" => Answer::reset(Reason::INTERNAL_ERROR),
        "/refused" => Answer::refused(),
        _ => site::answer(request).into(),
    }
}

/// Sends every message back, and closes when the client does.
async fn echo(mut served: Served) {
    while let Some(Ok(message)) = served.next().await {
        if (message.is_text() || message.is_binary()) && served.send(message).await.is_err() {
            return;
        }
    }
}

/// Every half second each of them spoils in another way what passes through it, or nothing.
async fn spoil(proxies: &[FaultProxy]) {
    let mut chance = Seeded::new(7);
    loop {
        for (n, proxy) in proxies.iter().enumerate() {
            proxy.heal();
            let direction = *chance.pick(&[Direction::ToClient, Direction::ToClient, Direction::ToServer]);
            if let Some(fault) = fault(&mut chance, n == SECURE) {
                proxy.spoil(direction, fault);
            }
            if chance.percent(30) {
                proxy.sever();
            }
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// What is changed on the way is noticed by TLS alone.
fn fault(chance: &mut Seeded, is_secure: bool) -> Option<Fault> {
    let after = *chance.pick(&[0, 1, 40, 300, 2_000, 20_000]);
    Some(match chance.below(8) {
        0 => return None,
        1 => Fault::Reset { after },
        2 => Fault::Hold { after, gate: Gate::new() },
        3 => Fault::Delay(Duration::from_millis(3)),
        4 => Fault::OneByOne,
        5 => Fault::Path { takes: Duration::from_millis(5), rate: 300_000 },
        6 if is_secure => Fault::Corrupt { at: after, flip: 0x40 },
        _ => Fault::Cut { after },
    })
}

/// The place of the proxy before the server that speaks TLS.
const SECURE: usize = 1;
