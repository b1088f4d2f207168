//! What is begun in one simulation, and when and how it is cut off. All of it by a seed.

use std::cell::RefCell;
use std::rc::Rc;

use integration_tests::Seeded;
use integration_tests::scripted_peer::Script;
use integration_tests::simulation::{Conduct, Simulation, Talk};

use super::tally::Tally;
use crate::http2::plan as http2;
use crate::plan::{CONTENT, Fault, Form, GOOD};
use crate::told::network;
use crate::websocket::plan as websocket;

/// All that happens.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) weather: Weather,
    /// What becomes of the connections to the servers of HTTP/1.1, of HTTP/2 and of WebSockets, in turn.
    pub(crate) faults: Vec<Fault>,
    pub(crate) conducts: Vec<Conduct>,
    pub(crate) talks: Vec<Talk>,
    pub(crate) cuts: Vec<Cut>,
    /// All that is left is cut off by the end of its session, after so many milliseconds.
    pub(crate) session_ends: Option<u64>,
    /// What was cut off, in this and in all of its clones.
    pub(crate) tally: Rc<RefCell<Tally>>,
}

/// What holds for the whole run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    /// Of messages, in milliseconds.
    pub(crate) latency: u64,
    pub(crate) roughness: usize,
    pub(crate) wires: usize,
    pub(crate) expects_continue: bool,
    /// How long an answer to who looks for a name takes, in milliseconds.
    pub(crate) resolves_in: u64,
}

/// Something that is begun, and cut off if it has not ended by then.
#[derive(Clone, Debug)]
pub(crate) struct Cut {
    /// Milliseconds from the beginning.
    pub(crate) begins: u64,
    pub(crate) deed: Deed,
    /// Every read is announced by `query_data_available`, which is what is waited for then.
    pub(crate) asks: bool,
    /// Which of the connection handles to its server.
    pub(crate) connection: usize,
    pub(crate) by: By,
    /// Milliseconds after it was begun, and turns of the loop after that.
    pub(crate) after: u64,
    pub(crate) turns: usize,
}

/// What is begun.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    /// Over HTTP/1.1, call for call.
    Exchange(Form),
    Paved(Form),
    /// Over HTTP/2, call for call.
    Stream(http2::Form),
    /// Both ways at once.
    Conversation(Vec<usize>),
    /// A WebSocket that says messages of so many octets and hears others, on a wire of its own or by a stream.
    WebSocket(Vec<usize>),
    WebSocketByStream(Vec<usize>),
}

/// How it is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Close,
    Cancel,
    /// Its future is dropped, and every clone of its handle.
    Drop,
    /// Its future is dropped.
    GiveUp,
    CloseOfParent,
    CancelOfParent,
}

impl By {
    pub(crate) const ALL: [Self; 6] =
        [Self::Close, Self::Cancel, Self::Drop, Self::GiveUp, Self::CloseOfParent, Self::CancelOfParent];
}

/// Does as the plan says, over HTTP/1.1.
pub(crate) const HTTP1: u16 = 81;
/// By prior knowledge.
pub(crate) const HTTP2: u16 = 84;
pub(crate) const WEBSOCKET: u16 = 85;

impl Plan {
    pub(crate) fn by_seed(seed: u64) -> Self {
        let mut chance = Seeded::new(seed ^ 0x7_0000_0000);
        let weather = Weather {
            latency: *chance.pick(&[1, 2, 5, 20]),
            roughness: *chance.pick(&[0, 0, 30]),
            wires: chance.between(1, 6),
            expects_continue: chance.percent(20),
            resolves_in: *chance.pick(&[0, 0, 3, 30]),
        };
        Self {
            seed,
            weather,
            faults: (0..8).map(|_| fault(&mut chance)).collect(),
            conducts: (0..6)
                .map(|_| Conduct { talk: Some(talk(&mut chance)), ..http2::conduct(&mut chance) })
                .collect(),
            talks: (0..6).map(|_| talk(&mut chance)).collect(),
            cuts: (0..60).map(|_| cut(&mut chance)).collect(),
            session_ends: chance.percent(60).then(|| chance.between(60, 250) as u64),
            tally: Rc::default(),
        }
    }

    /// The world it happens in.
    pub(crate) fn world(&self) -> Simulation {
        let Weather { latency, roughness, .. } = self.weather;
        let (faults, conducts, talks) = (self.faults.clone(), self.conducts.clone(), self.talks.clone());
        network(self.seed, latency, 0, roughness, websocket::AMPLE)
            .peer(GOOD, |_| {
                Script::answering(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{CONTENT}", CONTENT.len()))
            })
            .peer(HTTP1, move |n| faults[n % faults.len()].script())
            .http2_peer(HTTP2, move |n| conducts[n % conducts.len()].clone())
            .websocket_peer(WEBSOCKET, move |n| talks[n % talks.len()].clone())
    }
}

/// Most of them are slow and none is deaf: there is something to cut off.
fn fault(chance: &mut Seeded) -> Fault {
    let part = chance.below(90);
    let all = [
        Fault::None,
        Fault::None,
        Fault::Interim(part as u64),
        Fault::CloseAfter,
        Fault::UntilClose,
        Fault::Silence,
        Fault::Reset(part),
        Fault::Cut(part),
        Fault::Stall(part),
        Fault::Stall(part),
        Fault::Drip,
        Fault::Drip,
        Fault::Early,
    ];
    *chance.pick(&all)
}

/// Whoever has nothing else to say goes on for a while.
fn talk(chance: &mut Seeded) -> Talk {
    let talk = websocket::talk(chance);
    Talk { says: if talk.says.is_empty() { vec![20; 5] } else { talk.says }, ..talk }
}

fn cut(chance: &mut Seeded) -> Cut {
    let form = *chance.pick(&[Form::Empty, Form::Octets, Form::Large, Form::Announced, Form::Chunked, Form::Stream]);
    let whole = *chance.pick(&[Form::Empty, Form::Octets, Form::Large, Form::Stream]);
    let streamed = *chance.pick(&[
        http2::Form::Empty,
        http2::Form::Octets,
        http2::Form::Large,
        http2::Form::Announced,
        http2::Form::Chunked,
        http2::Form::Duplex,
        http2::Form::Stream(0),
        http2::Form::Stream(7),
        http2::Form::Failing,
    ]);
    let sizes: Vec<_> = (0..chance.between(1, 5)).map(|_| *chance.pick(&[1, 100, 5_000, 70_000])).collect();
    let messages: Vec<_> = (0..chance.between(1, 5)).map(|_| websocket::octets(chance)).collect();
    Cut {
        begins: chance.below(250) as u64,
        deed: match chance.below(10) {
            0..3 => Deed::Exchange(form),
            3 => Deed::Paved(whole),
            4 | 5 => Deed::Stream(streamed),
            6 => Deed::Conversation(sizes),
            7 | 8 => Deed::WebSocket(messages),
            _ => Deed::WebSocketByStream(messages),
        },
        asks: chance.percent(40),
        connection: chance.below(4),
        by: *chance.pick(&[
            By::Close,
            By::Close,
            By::Cancel,
            By::Drop,
            By::Drop,
            By::GiveUp,
            By::CloseOfParent,
            By::CancelOfParent,
        ]),
        after: *chance.pick(&[0, chance.clone().below(6), chance.clone().below(40), chance.clone().below(150)]) as u64,
        turns: chance.below(4),
    }
}
