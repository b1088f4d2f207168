//! What happens in one simulation of WebSockets: the weather, what the server does, and what the client is told to do. By a seed.

use std::time::Duration;

use integration_tests::Seeded;
use integration_tests::simulation::{Simulation, Talk, TalkOpening, TalkParting};

use crate::plan::{BAD, CLOSED, GOOD};
use crate::told::network;

/// All that happens.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) weather: Weather,
    /// What becomes of the connections to the bad port, in turn.
    pub(crate) talks: Vec<Talk>,
    pub(crate) commands: Vec<Command>,
}

/// What holds for the whole run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    /// Of messages, in milliseconds.
    pub(crate) latency: u64,
    /// Of ten thousand messages so many break the link.
    pub(crate) loss: u32,
    pub(crate) roughness: usize,
    pub(crate) wires: usize,
    pub(crate) ping_every: Option<Duration>,
    pub(crate) close_timeout: Duration,
    /// Of a connection, in messages: where a server freezes its client may have to wait to write.
    pub(crate) capacity: usize,
}

/// A level of handles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Session,
    Connection,
    Request,
    WebSocket,
}

/// What the client does next. Numbers name handles by their place among those that were made.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    Connect(u16),
    /// By the paved path.
    Dial(u16),
    /// By a request on this connection, in two steps. It may be kept.
    Upgrade(usize, bool),
    Send(usize, usize),
    /// All of a message, or so much.
    Receive(usize, Option<usize>),
    Shutdown(usize),
    /// The closing handshake.
    End(usize),
    /// A whole conversation of these messages, of so many fragments each, with a close or a shutdown at its end.
    Story(u16, Vec<usize>, usize, Manner),
    /// The future of the youngest call is dropped.
    GiveUp,
    Cancel(Level, usize),
    Close(Level, usize),
    Drop(Level, usize),
    Subscribe(Level, usize),
    Look,
    StopSession(u64),
    StopEngine,
    Partition,
    Hold,
    Repair,
    Pause(u64),
}

impl Command {
    /// How long to pause, in milliseconds.
    pub(crate) fn pause(&self) -> Option<u64> {
        if let Self::Pause(time) = self { Some(*time) } else { None }
    }
}

/// How a conversation is held.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// Receiving is given up and begun again after so many milliseconds.
    pub(crate) patience: Option<u64>,
    /// So many octets at a time.
    pub(crate) at_most: Option<usize>,
    /// Milliseconds between the messages.
    pub(crate) pace: u64,
    /// By the whole handshake, whatever still comes.
    pub(crate) closes: bool,
}

impl Plan {
    /// The plan of this seed.
    pub(crate) fn by_seed(seed: u64) -> Self {
        let mut chance = Seeded::new(seed ^ 0x4_0000_0000);
        let talks: Vec<_> = (0..6).map(|_| talk(&mut chance)).collect();
        let mut weather = weather(&mut chance);
        if talks.iter().any(|talk| matches!(talk.parting, Some((_, TalkParting::Freeze(_))))) {
            weather.capacity = *chance.pick(&[AMPLE, AMPLE, 64]);
        }
        let mut commands = vec![Command::Connect(BAD), Command::Connect(GOOD)];
        for _ in 0..chance.between(10, 40) {
            commands.push(command(&mut chance));
        }
        Self { seed, weather, talks, commands }
    }

    /// Will the server hear of every connection that the client closes?
    pub(crate) fn tells_the_server_of_every_end(&self) -> bool {
        let parted = self.commands.iter().any(|command| matches!(command, Command::Partition));
        // A simulated reset does not wake who waits to write.
        self.weather.loss == 0 && !parted && self.weather.capacity == AMPLE
    }

    /// Does everything arrive that is written?
    pub(crate) fn is_calm(&self) -> bool {
        let held = self.commands.iter().any(|command| matches!(command, Command::Hold));
        !held && self.tells_the_server_of_every_end()
    }

    /// The world it happens in.
    pub(crate) fn world(&self) -> Simulation {
        let Weather { latency, loss, roughness, capacity, .. } = self.weather;
        let talks = self.talks.clone();
        network(self.seed, latency, loss, roughness, capacity)
            .websocket_peer(GOOD, |_| Talk::echo())
            .websocket_peer(BAD, move |n| talks[n % talks.len()].clone())
    }
}

fn weather(chance: &mut Seeded) -> Weather {
    let ms = Duration::from_millis;
    Weather {
        latency: *chance.pick(&[1, 2, 5, 40]),
        loss: if chance.percent(10) { 50 } else { 0 },
        roughness: *chance.pick(&[0, 0, 30, 90]),
        wires: chance.between(1, 4),
        ping_every: *chance.pick(&[None, Some(ms(20)), Some(ms(100)), Some(ms(400))]),
        close_timeout: *chance.pick(&[ms(50), ms(500), ms(500)]),
        capacity: AMPLE,
    }
}

pub(crate) fn talk(chance: &mut Seeded) -> Talk {
    let openings = [TalkOpening::Closed, TalkOpening::Mute, TalkOpening::Refused, TalkOpening::WrongKey];
    let opening = if chance.percent(85) { TalkOpening::Honest } else { *chance.pick(&openings) };
    let partings = [
        TalkParting::Close(1000),
        TalkParting::Close(4000),
        TalkParting::Close(1005),
        TalkParting::Cut,
        TalkParting::Cut,
        TalkParting::Garbage,
        TalkParting::Half,
        TalkParting::Freeze(50),
        TalkParting::Freeze(500),
        TalkParting::Freeze(5_000),
        TalkParting::Ping,
    ];
    let (at, parting) = (chance.between(1, 6), *chance.pick(&partings));
    Talk {
        opening,
        says: (0..chance.below(8)).map(|_| octets(chance)).collect(),
        pace: *chance.pick(&[0, 0, 5, 60]),
        echoes: chance.percent(70),
        parting: chance.percent(50).then_some((at, parting)),
    }
}

pub(crate) fn octets(chance: &mut Seeded) -> usize {
    *chance.pick(&[0, 20, 125, 126, 1_000, 65_535, 70_000, 200_000])
}

fn command(chance: &mut Seeded) -> Command {
    let place = chance.below(12);
    let port = *chance.pick(&[GOOD, BAD, BAD, BAD, BAD, CLOSED]);
    let levels =
        [Level::Session, Level::Connection, Level::Request, Level::WebSocket, Level::WebSocket, Level::WebSocket];
    let level = *chance.pick(&levels);
    let manner = Manner {
        patience: chance.percent(40).then(|| chance.between(1, 30) as u64),
        at_most: *chance.pick(&[None, None, Some(1_000), Some(7_000)]),
        pace: *chance.pick(&[0, 0, 5, 60]),
        closes: chance.percent(40),
    };
    let time = chance.between(1, 120) as u64;
    let sizes: Vec<_> = (0..chance.below(7)).map(|_| octets(chance)).collect();
    match chance.below(120) {
        0..4 => Command::Connect(port),
        4..12 => Command::Dial(port),
        12..20 => Command::Upgrade(place, chance.percent(50)),
        20..30 => Command::Send(place, octets(chance)),
        30..42 => Command::Receive(place, *chance.pick(&[None, None, Some(10), Some(5_000)])),
        42..45 => Command::Shutdown(place),
        45..48 => Command::End(place),
        48..68 => Command::Story(port, sizes, chance.between(1, 3), manner),
        68..72 => Command::GiveUp,
        72..76 => Command::Cancel(level, place),
        76..79 => Command::Close(if level == Level::Session { Level::WebSocket } else { level }, place),
        79..82 => Command::Drop(level, place),
        82..84 => Command::Subscribe(level, place),
        84..86 => Command::Look,
        86 if chance.percent(50) => Command::StopSession(time),
        86 if chance.percent(20) => Command::Close(Level::Session, 0),
        86 if chance.percent(50) => Command::StopEngine,
        86..89 => Command::Partition,
        89..92 => Command::Hold,
        92..97 => Command::Repair,
        _ => Command::Pause(time),
    }
}

/// More messages than are ever under way on a connection.
pub(crate) const AMPLE: usize = 16 * 1024;
