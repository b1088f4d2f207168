//! Faults of names and addresses, and of opening a socket.

use hinternet::{ErrorCode, RequestOptions, Stage};
use integration_tests::scripted_peer::Script;

use super::SOON;
use super::fault::{Case, Dial, Fault, Names, answered, fails, fault};
use super::protocol::{ALL, PLAIN, Protocol, REQUESTS, SECURED};

fn named(name: &'static str, names: Names) -> Fault {
    fault(name, move |_| vec![Case::names(names)])
}

fn dialed(name: &'static str, dial: impl Fn() -> Dial + 'static) -> Fault {
    fault(name, move |_| vec![Case::dial(dial())])
}

fn resolves_soon(options: &mut RequestOptions) {
    options.timeouts.resolve = Some(SOON);
}

fn connects_soon(options: &mut RequestOptions) {
    options.timeouts.connect = Some(SOON);
}

fn answers_soon(options: &mut RequestOptions) {
    connects_soon(options);
    options.timeouts.receive_response = Some(SOON);
}

/// Who is dialed does this with its first connection.
fn host(protocol: Protocol, script: Script) -> Case {
    if protocol == Protocol::Tunnel { Case::proxy(script) } else { Case::server(script) }
}

pub(crate) fn of_names() -> Vec<Fault> {
    let not_resolved = || fails(ErrorCode::NameNotResolved, Stage::Resolve);
    vec![
        named("The name does not exist", Names::Missing).at(&ALL, not_resolved()),
        named("The name server fails", Names::Failing).at(&ALL, not_resolved()),
        named("The name has no address", Names::Are(&[])).at(&ALL, not_resolved()),
        named("The resolver panics", Names::Panicking).at(&ALL, fails(ErrorCode::InternalError, Stage::Connect)),
        fault("The name server does not answer in time", |_| vec![Case::names(Names::Silent).with(resolves_soon)])
            .at(&ALL, fails(ErrorCode::Timeout, Stage::Resolve)),
        named("A thousand addresses, all dead: five are tried", Names::Thousand)
            .at(&ALL, fails(ErrorCode::CannotConnect, Stage::Connect)),
        named("The first address is dead", Names::Are(&["127.77.0.1", "127.0.0.1"]))
            .at(&REQUESTS, answered().kept())
            .at(&[Protocol::WebSocket], answered()),
        named("The IPv6 address is dead", Names::Are(&["::1", "127.0.0.1"]))
            .at(&REQUESTS, answered().kept())
            .at(&[Protocol::WebSocket], answered()),
        fault("The address of a wire in use changes to a dead one", |_| {
            vec![Case { names_then: Names::Are(&["127.77.0.1"]), ..Case::default() }]
        })
        .at(&REQUESTS, answered().kept()),
    ]
}

pub(crate) fn of_connecting() -> Vec<Fault> {
    let cannot = || fails(ErrorCode::CannotConnect, Stage::Connect);
    let broken = |stage| fails(ErrorCode::ConnectionError, stage);
    vec![
        dialed("The connection is refused", || Dial::Nobody).at(&ALL, cannot()),
        dialed("No route to the network (ENETUNREACH)", || Dial::Fails(101)).at(&ALL, cannot()),
        dialed("No file descriptor is left (EMFILE)", || Dial::Fails(24)).at(&ALL, cannot()),
        dialed("No local port is left (EADDRNOTAVAIL)", || Dial::Fails(99)).at(&ALL, cannot()),
        fault("The attempt is not answered (a black hole)", |_| vec![Case::dial(Dial::Busy).with(connects_soon)])
            .at(&ALL, fails(ErrorCode::Timeout, Stage::Connect)),
        fault("Accepted, and closed at once", |protocol| vec![host(protocol, Script::new().close())])
            .at(&PLAIN, broken(Stage::FirstByte))
            .at(&SECURED, broken(Stage::Tls))
            .at(&[Protocol::Tunnel], broken(Stage::Tunnel)),
        fault("Accepted, and reset at the first octet", |protocol| {
            vec![host(protocol, Script::new().read_exactly(1).reset())]
        })
        .at(&PLAIN, broken(Stage::FirstByte))
        .at(&SECURED, broken(Stage::Tls))
        .at(&[Protocol::Tunnel], broken(Stage::Tunnel)),
        fault("Accepted, and silent", |protocol| vec![host(protocol, Script::new().keep()).with(answers_soon)])
            .at(&PLAIN, fails(ErrorCode::Timeout, Stage::FirstByte))
            .at(&SECURED, fails(ErrorCode::Timeout, Stage::Tls))
            .at(&[Protocol::Tunnel], fails(ErrorCode::Timeout, Stage::Tunnel)),
    ]
}
