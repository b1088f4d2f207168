//! Requests of every kind.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hinternet::network::Proxy;
use hinternet::tls::TlsOptions;
use hinternet::{Cache, Form, HeaderMap, HeaderName, Method, NamedProxies, Payload, RedirectPolicy, Session};
use integration_tests::certificates::{Authority, Identity, Leaf};
use integration_tests::guard::Guard;
use integration_tests::http2_origin::{Answer, Http2Origin};
use integration_tests::origin::{Origin, Reply};
use integration_tests::patiently;
use integration_tests::proxy::{HttpProxy, Manner};
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::socks::SocksProxy;
use integration_tests::tls::Tls;

use crate::{Place, Stage};

/// An answer with a secret wherever an answer holds one.
fn telling(stage: &Stage) -> Reply {
    Reply::ok(stage.plant("an answer's body"))
        .field("set-cookie", format!("id={}; Path=/", stage.plant("a cookie")))
        .field("x-token", stage.plant("an answer's field"))
        .field("authentication-info", format!("nextnonce=\"{}\"", stage.plant("a nonce")))
}

fn trusted(name: &str) -> (Identity, TlsOptions) {
    let authority = Authority::new("Authority of the test");
    let identity = authority.issue(Leaf::for_names([name]));
    (identity, TlsOptions::new().trust_only([authority.certificate()]))
}

/// Requests with a secret wherever a request holds one.
async fn ask_all(place: &Place<'_>, url: &str) {
    let Place { stage, session, .. } = place;
    let url = || format!("{url}?token={}", stage.plant("a query"));
    let header = stage.plant("a field");
    place.ask(session.get(url()).map(|one| one.header("authorization", &header))).await.expect("an answer");
    let cookie = format!("a={}", stage.plant("a cookie by hand"));
    place.ask(session.get(url()).map(|one| one.header("cookie", &cookie))).await.expect("an answer");
    let body = stage.plant("a body");
    place.ask(session.put(url()).map(|one| one.body(body))).await.expect("an answer");
    let pair = [("password", stage.plant("a form"))];
    place.ask(session.post(url()).map(|one| one.form(&pair))).await.expect("an answer");
    place.ask(session.get(url()).map(|one| one.query(&pair))).await.expect("an answer");
    place.ask(session.post(url()).map(|one| one.json(&pair))).await.expect("an answer");
    let form = Form::new().text("password", stage.plant("a part")).bytes("f", "f", stage.plant("a file"));
    stage.show("a form", &form);
    place.ask(session.post(url()).map(|one| one.multipart(form))).await.expect("an answer");
    let (user, password) = (stage.plant("a user"), stage.plant("a password"));
    place.ask(session.get(url()).map(|one| one.basic_auth(&user, &password))).await.expect("an answer");
    place.ask(session.get(url()).map(|one| one.digest_auth(&user, &password))).await.expect("an answer");
    let token = stage.plant("a bearer's token");
    place.ask(session.get(url()).map(|one| one.bearer_auth(&token))).await.expect("an answer");
}

pub(crate) async fn plain(stage: &Stage) {
    let reply = telling(stage);
    let origin = Origin::start(move |_| reply.clone()).await;
    let builder = Session::builder().default_header("x-default", stage.plant("a default field"));
    let place = Place::of(stage, builder);
    ask_all(&place, &origin.url("/")).await;
    place.end().await;
}

/// By the calls of a handle, with a body that is written and trailers both ways.
pub(crate) async fn in_parts(stage: &Stage) {
    let reply = Reply::ok("").chunked([stage.plant("a chunk")]).trailer("x-token", &stage.plant("an answer's trailer"));
    let origin = Origin::start(move |_| reply.clone()).await;
    let place = Place::of(stage, Session::builder());
    stage.exchanged();
    let connection = place.session.connect(&origin.origin()).unwrap();
    let path = format!("/?token={}", stage.plant("a path"));
    let request = connection.open_request(Method::POST, &path).unwrap();
    request.add_header("x-token", stage.plant("an added field")).unwrap();
    stage.show("a connection", &connection);
    stage.show("a request", &request);
    let payload = Payload::chunked();
    stage.show("a payload", &payload);
    patiently("a head", request.send(payload)).await.unwrap();
    patiently("a piece", request.write(stage.plant("a piece of a body"))).await.unwrap();
    let token = stage.plant("a trailer").parse().unwrap();
    patiently("the end", request.finish(HeaderMap::from_iter([(HeaderName::from_static("x-token"), token)])))
        .await
        .unwrap();
    stage.show("a head", &patiently("an answer", request.receive_response()).await.unwrap());
    while !patiently("a piece", request.read()).await.unwrap().is_empty() {}
    stage.show("a request", &request);
    drop((request, connection));
    place.end().await;
}

/// Credentials that are asked for, by both schemes.
pub(crate) async fn challenged(stage: &Stage) {
    let (user, password) = (stage.plant("a user"), stage.plant("a password"));
    for guard in [Guard::basic(&user, &password), Guard::digest("SHA-256", "auth", &user, &password)] {
        let reply = telling(stage);
        let origin = Origin::start(guard.before(move |_| reply.clone())).await;
        let builder = Session::builder().credentials(&origin.origin(), (user.as_str(), password.as_str()));
        let place = Place::of(stage, builder);
        for path in ["/", "/again"] {
            let url = format!("{}?token={}", origin.url(path), stage.plant("a query"));
            place.ask(place.session.get(url)).await.expect("an answer");
        }
        let wrong =
            place.session.get(origin.url("/")).map(|one| one.basic_auth(&user, &stage.plant("a wrong password")));
        place.ask(wrong).await;
        place.end().await;
    }
}

pub(crate) async fn by_http2(stage: &Stage) {
    let (identity, trust) = trusted("a.example");
    let (reply, hint) = (telling(stage), stage.plant("a hint"));
    let answer = move |_: &_| {
        let reply = reply.clone();
        Answer::in_parts().hint("link", &hint).with(|_| reply)
    };
    let origin = Http2Origin::secure(&Tls::new(&identity).offering(&["h2"]), answer).await;
    let place = Place::of(stage, Session::builder().tls(trust).dial(integration_tests::tls::EveryName::here()));
    ask_all(&place, &format!("https://a.example:{}/", origin.address().port())).await;
    place.end().await;
}

/// Through a proxy that forwards, one that opens tunnels, and one that speaks SOCKS5, each of which knows who asks.
pub(crate) async fn through_proxies(stage: &Stage) {
    let (identity, trust) = trusted("a.example");
    let reply = telling(stage);
    let origin = Origin::secure(&Tls::new(&identity), move |_| reply.clone()).await;
    let (user, password) = (stage.plant("a user of a proxy"), stage.plant("a password for a proxy"));
    let login = format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")));
    let http = HttpProxy::start(Manner::open().knowing(&login)).await;
    let socks = SocksProxy::knowing(&user, &password).await;
    for (scheme, address) in [("http", http.address()), ("socks5h", socks.address())] {
        let proxy = Proxy::parse(&format!("{scheme}://{address}")).unwrap().credentials(&user, &password).unwrap();
        stage.show("a proxy", &proxy);
        let place = Place::of(stage, Session::builder().tls(trust.clone()).proxy(NamedProxies::new([proxy])));
        let port = origin.address().port();
        let url = format!("https://a.example:{port}/?token={}", stage.plant("a query"));
        place.ask(place.session.get(url)).await.expect("an answer through a tunnel");
        if scheme == "http" {
            let url = format!("http://a.example/?token={}", stage.plant("a query"));
            place.ask(place.session.get(url)).await.expect("an answer by the proxy");
        }
        place.end().await;
    }
}

pub(crate) async fn redirected(stage: &Stage) {
    let reply = telling(stage);
    let to = format!("/b?token={}#{}", stage.plant("where it leads"), stage.plant("a fragment"));
    let answer = move |asked: &integration_tests::request::Request| {
        if asked.target.starts_with("/b") { reply.clone() } else { Reply::redirect(307, to.clone()) }
    };
    let origin = Origin::start(answer).await;
    let place = Place::of(stage, Session::builder());
    let body = stage.plant("a body");
    place.ask(place.session.post(origin.url("/a")).map(|one| one.body(body))).await.expect("an answer");
    place.ask(place.session.get(origin.url("/a")).map(|one| one.redirects(RedirectPolicy::Never))).await;
    place.end().await;
}

pub(crate) async fn cached(stage: &Stage) {
    let reply =
        telling(stage).field("cache-control", "max-age=60").field("etag", format!("\"{}\"", stage.plant("a tag")));
    let origin = Origin::start(move |_| reply.clone()).await;
    let cache = Cache::in_memory();
    let place = Place::of(stage, Session::builder().cache(cache.clone()));
    let url = origin.url(&format!("/?token={}", stage.plant("a query")));
    for _ in 0..2 {
        place.ask(place.session.get(&url)).await.expect("an answer");
    }
    stage.show("a cache", &cache);
    place.end().await;
}

pub(crate) async fn events(stage: &Stage) {
    let data = stage.plant("an event");
    let stream = format!("id: {}\ndata: {data}\n\n", stage.plant("an id"));
    let origin = Origin::start(move |_| Reply::ok(stream.clone()).field("content-type", "text/event-stream")).await;
    let place = Place::of(stage, Session::builder());
    stage.exchanged();
    let builder = place.session.events(origin.url(&format!("/?token={}", stage.plant("a query")))).unwrap();
    stage.show("an event source's builder", &builder);
    let mut source = builder.open().unwrap();
    let event = patiently("an event", source.next()).await.expect("an event").unwrap();
    assert_eq!(event.data, data);
    stage.show("an event source", &source);
    source.close();
    drop(source);
    place.end().await;
}

pub(crate) async fn downloaded(stage: &Stage) {
    let (tag, body) = (stage.plant("a tag"), stage.plant("a file"));
    let head = format!("HTTP/1.1 200 OK\r\netag: \"{tag}\"\r\ncontent-length: {}\r\n\r\n", body.len());
    let peer = ScriptedPeer::always(Script::answering(format!("{head}{body}"))).await;
    let place = Place::of(stage, Session::builder());
    stage.exchanged();
    let folder = tempfile::tempdir().unwrap();
    let url = peer.url(&format!("/?token={}", stage.plant("a query")));
    let builder = place.session.download(url).unwrap().header("x-token", stage.plant("a field"));
    stage.show("a download's builder", &builder);
    let downloaded = patiently("a file", builder.to_file(folder.path().join("file"))).await.unwrap();
    stage.show("a download", &downloaded);
    place.end().await;
}
