//! Where a case takes place: a watched session, its server, and what stands between; and what is seen there.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hinternet::network::{Answering, Destination, Dialer, Dialing, Lookup, Proxy, Resolver, Stream};
use hinternet::{
    DialOptions, HandleId, Method, NotificationMask, Payload, RequestOptions, Result, Session, Status, Timeouts, WireId,
};
use integration_tests::fault_proxy::{Direction, FaultProxy};
use integration_tests::proxy::{HttpProxy, Manner};
use integration_tests::recorder::Recorder;
use integration_tests::scene::{Busy, Nobody, read_all};
use integration_tests::scripted_peer::ScriptedPeer;
use integration_tests::{FakeResolver, Gate, blocking_subscriber, patiently};
use tokio::net::TcpStream;

use super::fault::{Before, Case, Dial, Listening, Names, Outcome, Seen};
use super::protocol::{CONTENT, PROXY, Protocol, SERVER};

/// Lets the case happen to a request, and sends another one behind it, which has to be answered.
pub(crate) async fn play(protocol: Protocol, case: Case) -> Seen {
    let place = Place::build(protocol, &case).await;
    let before = case.before;
    let mut spoiled = None;
    if before != Before::Nothing {
        let first = place.ask(0, None, false).await;
        assert_eq!(first.outcome, Outcome::Answered, "the request before the fault");
        spoiled = place.wire_of(&first);
    }
    if before == Before::End {
        case.gate.open();
        place.recorder.wait_for(|one| one.name() == "ConnectionClosed").await;
    }
    let asked = place.ask(case.upload, case.cancelled_at, true).await;
    case.gate.open();
    place.resolver.says(case.names_then);
    let spoiled = spoiled.or_else(|| place.wire_of(&asked));
    let next = place.ask(0, None, false).await;
    assert_eq!(next.outcome, Outcome::Answered, "the request behind the fault, which ended with {:?}", asked.outcome);
    let kept = spoiled.is_some() && spoiled == place.wire_of(&next);
    let retried = place.recorder.count_of(asked.request, "Retrying");
    place.end().await;
    Seen { outcome: asked.outcome, kept, retried }
}

struct Place {
    protocol: Protocol,
    recorder: Recorder,
    session: Session,
    origin: String,
    resolver: Telling,
    closes: bool,
    message: usize,
    _servers: Servers,
}

/// Who serves as long as the place is there.
struct Servers {
    _peer: ScriptedPeer,
    _proxy: HttpProxy,
    _spoiled: Option<ScriptedPeer>,
    _nobody: Nobody,
    _busy: Option<Busy>,
    _between: Vec<FaultProxy>,
}

struct Asked {
    request: HandleId,
    outcome: Outcome,
}

impl Place {
    async fn build(protocol: Protocol, case: &Case) -> Self {
        let peer = ScriptedPeer::start_with_default(case.server.iter().cloned().collect(), protocol.healthy()).await;
        let peer = if protocol.is_secure() { peer.secure() } else { peer };
        let proxy = HttpProxy::start(Manner::open()).await;
        let is_tunnel = protocol == Protocol::Tunnel;
        let spoiled = match &case.proxy {
            Some(script) => Some(ScriptedPeer::always(script.clone()).await),
            None => None,
        };
        let (nobody, mut busy, mut between) = (Nobody::new(), None, Vec::new());
        let target = if is_tunnel { proxy.address() } else { peer.address() };
        let mut attempts: VecDeque<_> = spoiled.iter().map(|peer| Ok(peer.address())).collect();
        for dial in &case.dials {
            attempts.push_back(match dial {
                Dial::Nobody => Ok(nobody.address()),
                Dial::Busy => Ok(busy.get_or_insert_with(Busy::new).address()),
                Dial::Fails(number) => Err(Astray::Refused(*number)),
                Dial::Held => Err(Astray::Held(case.gate.clone(), target)),
                Dial::Spoiled(fault) => {
                    let spoiling = FaultProxy::start(target).await;
                    spoiling.spoil(Direction::ToClient, fault.clone());
                    let address = spoiling.address();
                    between.push(spoiling);
                    Ok(address)
                }
            });
        }
        let resolver = Telling::new();
        if case.is_name_held {
            resolver.0.0.is_held_by(&case.gate);
        }
        resolver.says(case.names);
        let mut dial = DialOptions::default().resolver(resolver.clone()).attempt_delay(Duration::from_millis(10));
        if !attempts.is_empty() {
            dial = dial.dialer(Leading(Arc::new(Mutex::new(attempts))));
        }
        if is_tunnel {
            dial = dial.proxy(Proxy::parse(&format!("http://{PROXY}:{}", proxy.address().port())).unwrap());
        }
        let mut options = RequestOptions::default();
        options.dial = dial;
        protocol.choose(&mut options);
        case.options.into_iter().for_each(|change| change(&mut options));
        let recorder = Recorder::start();
        let session = recorder.session(Session::builder().request_options(options));
        listen(&session, case.subscriber, &case.gate);
        let origin = peer.origin_named(SERVER);
        let servers =
            Servers { _peer: peer, _proxy: proxy, _spoiled: spoiled, _nobody: nobody, _busy: busy, _between: between };
        let (closes, message) = (case.closes, case.message);
        Self { protocol, recorder, session, origin, resolver, closes, message, _servers: servers }
    }

    async fn ask(&self, upload: usize, cancelled_at: Option<&str>, is_spoiled: bool) -> Asked {
        let connection = self.session.connect(&self.origin).unwrap();
        let method = if upload > 0 { Method::POST } else { Method::GET };
        let request = connection.open_request(method, "/").unwrap();
        if !is_spoiled {
            // What is short is so for the sake of the fault.
            let mut options = request.options();
            options.timeouts = Timeouts::default();
            request.set_options(options).unwrap();
        }
        let cancel = async {
            if let Some(name) = cancelled_at {
                self.recorder.wait_for_status(request.id(), name).await;
                request.cancel();
            }
            std::future::pending::<std::convert::Infallible>().await
        };
        let (mut failed, told_at) = (request.id(), request.id());
        let asks = async {
            if self.protocol == Protocol::WebSocket {
                request.upgrade_to_websocket()?;
            }
            let body = if upload > 0 { Payload::bytes(vec![b'u'; upload]) } else { Payload::empty() };
            request.send(body).await?;
            let head = request.receive_response().await?;
            if !request.is_upgraded() {
                let body = read_all(&request).await?;
                let is_wanted = self.protocol != Protocol::WebSocket && head.status() == 200;
                return Ok(if is_wanted { Ok(body) } else { Err(head.status().as_u16()) });
            }
            let websocket = request.complete_upgrade(0).await?;
            failed = websocket.id();
            let message = websocket.receive().await?;
            if is_spoiled && self.message > 0 {
                websocket.send(vec![b'm'; self.message]).await?;
            }
            if is_spoiled && self.closes {
                websocket.close(1000, "").await?;
            }
            Ok(Ok(message.into_octets().to_vec()))
        };
        let either = async {
            tokio::select! {
                result = asks => result,
                never = cancel => match never {},
            }
        };
        let result: Result<_> = patiently("the end of a request", either).await;
        // All that was told of it is written down.
        drop((request, connection));
        self.recorder.wait_for_closing(told_at).await;
        let outcome = match result {
            Ok(Ok(body)) => {
                assert_eq!(String::from_utf8_lossy(&body), CONTENT, "half an answer for a whole one");
                Outcome::Answered
            }
            Ok(Err(status)) => Outcome::Status(status),
            Err(error) => {
                let result = Result::<()>::Err(error);
                // A call that comes behind the cancel is refused, and nobody is told.
                let is_refused = cancelled_at.is_some() && self.recorder.count_of(told_at, "RequestError") == 0;
                let error = if is_refused {
                    self.recorder.refusal(failed, result)
                } else {
                    self.recorder.failure(failed, result)
                };
                Outcome::Fails(error.code(), error.stage())
            }
        };
        Asked { request: told_at, outcome }
    }

    /// The first wire it had, if it got one.
    fn wire_of(&self, asked: &Asked) -> Option<WireId> {
        self.recorder.of(asked.request).iter().find_map(|one| match one.status {
            Status::WireAcquired { wire, .. } => Some(wire),
            _ => None,
        })
    }

    async fn end(self) {
        let Self { recorder, session, .. } = self;
        recorder.finish(session).await;
    }
}

fn listen(session: &Session, how: Listening, until: &Gate) {
    let subscriber = match how {
        Listening::Well => return,
        Listening::Panicking => hinternet::subscriber(|_| panic!("a fault of the subscriber's")),
        Listening::Blocking => {
            let until = until.clone();
            blocking_subscriber(move |_| {
                while !until.is_open() {
                    std::thread::yield_now();
                }
            })
        }
    };
    session.subscribe(subscriber, NotificationMask::EVERYTHING).expect("the session is open");
}

/// A resolver that says what the case wants.
#[derive(Clone, Debug)]
struct Telling(Arc<(FakeResolver, Mutex<bool>)>);

impl Telling {
    fn new() -> Self {
        Self(Arc::new((FakeResolver::knowing(SERVER, &[]), Mutex::new(false))))
    }

    fn says(&self, names: Names) {
        let (known, panics) = &*self.0;
        *panics.lock().unwrap_or_else(PoisonError::into_inner) = matches!(names, Names::Panicking);
        known.fails(matches!(names, Names::Failing));
        known.speaks_again();
        let are = |addresses: &[&str]| {
            for name in [SERVER, PROXY] {
                drop(known.clone().and(name, addresses));
            }
        };
        match names {
            Names::Good => are(&["127.0.0.1"]),
            Names::Missing => [SERVER, PROXY].into_iter().for_each(|name| drop(known.clone().and_not(name))),
            Names::Silent => known.falls_silent(),
            Names::Failing | Names::Panicking => {}
            Names::Are(addresses) => are(addresses),
            Names::Thousand => {
                let all: Vec<_> = (0..1000).map(|n| format!("127.77.{}.{}", n / 250, n % 250 + 1)).collect();
                are(&all.iter().map(String::as_str).collect::<Vec<_>>());
            }
        }
    }
}

impl Resolver for Telling {
    fn resolve(&self, host: &str) -> Lookup {
        let panics = *self.0.1.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(!panics, "a fault of the resolver's");
        self.0.0.resolve(host)
    }

    fn answer(&self, host: &str) -> Answering {
        let panics = *self.0.1.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(!panics, "a fault of the resolver's");
        self.0.0.answer(host)
    }
}

/// Leads the first attempts elsewhere, or nowhere.
#[derive(Debug)]
struct Leading(Arc<Mutex<VecDeque<std::result::Result<SocketAddr, Astray>>>>);

/// Where an attempt goes that goes nowhere, or not yet.
#[derive(Debug)]
enum Astray {
    Refused(i32),
    Held(Gate, SocketAddr),
}

impl Dialer for Leading {
    fn dial(&self, to: &Destination) -> Dialing {
        let next = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let to = next.unwrap_or(Ok(to.address));
        Box::pin(async move {
            let to = match to {
                Ok(to) => to,
                Err(Astray::Refused(number)) => return Err(io::Error::from_raw_os_error(number)),
                Err(Astray::Held(gate, to)) => {
                    gate.passed().await;
                    to
                }
            };
            Ok(Box::new(TcpStream::connect(to).await?) as Box<dyn Stream>)
        })
    }
}
