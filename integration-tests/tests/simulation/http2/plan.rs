//! What happens in one simulation over HTTP/2: the weather, what the server does, and what the client is told to do. By a seed.

use std::time::Duration;

use hinternet::{Governor, Http2Options, StalledReader};
use integration_tests::Seeded;
use integration_tests::http2_origin::Reason;
use integration_tests::simulation::{
    Answer, AnswerBody, AnswerEnd, Conduct, OTHER, Opening, Parting, SERVER, Simulation, Told,
};

use crate::plan::{Amount, BAD, CLOSED, GOOD, Level, Reading, governor};
use crate::told::network;

/// All that happens.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) weather: Weather,
    /// What becomes of the connections to the bad port, in turn.
    pub(crate) conducts: Vec<Conduct>,
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
    pub(crate) min_wires: usize,
    pub(crate) max_age: Option<Duration>,
    pub(crate) max_requests: Option<u64>,
    pub(crate) idle: Duration,
    pub(crate) stale_for: Duration,
    pub(crate) least_loaded: bool,
    pub(crate) expects_continue: bool,
    pub(crate) governor: Option<Governor>,
    pub(crate) at_once: Option<usize>,
    /// Of a connection, in messages: where a server freezes its client may have to wait to write.
    pub(crate) capacity: usize,
    pub(crate) resends: u32,
    pub(crate) http2: Http2Options,
}

/// What the client does next. Numbers name handles by their place among those that were made.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    Connect(u16),
    Open(usize, Form),
    Send(usize, Form),
    Write(usize, usize),
    Finish(usize),
    Receive(usize),
    Query(usize),
    Read(usize, Amount),
    /// A whole exchange, call for call, on this connection.
    Story(usize, Form, Reading),
    /// Both ways at once: pieces of so many octets are written while the response is read.
    Conversation(usize, Vec<usize>, u64, Reading),
    /// The response is asked for, and nobody reads it.
    Hoard(usize),
    /// A whole exchange by the paved path.
    Paved(u16, Form),
    /// The same, and the response is dropped after its first piece.
    Sip(u16, Form),
    /// The future of the youngest call is dropped.
    GiveUp,
    Cancel(Level, usize),
    Close(Level, usize),
    Drop(Level, usize),
    Subscribe(Level, usize),
    Unsubscribe,
    Expire(usize),
    Drain(usize, u64),
    Prewarm(usize, usize),
    EvictIdle,
    NetworkChanged,
    Look,
    /// From now on this is told of the server's name.
    Tell(Told),
    Shutdown(u64),
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

/// What a request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Empty,
    Octets,
    /// More than the windows take at once.
    Large,
    Announced,
    Chunked,
    Duplex,
    /// A stream, its pieces so many milliseconds apart.
    Stream(u64),
    /// A stream that fails in the middle.
    Failing,
}

impl Plan {
    /// The plan of this seed.
    pub(crate) fn by_seed(seed: u64) -> Self {
        let mut chance = Seeded::new(seed ^ 0x2_0000_0000);
        let weather = weather(&mut chance, seed);
        let conducts = (0..6).map(|_| conduct(&mut chance)).collect();
        let mut commands = vec![Command::Connect(BAD), Command::Connect(GOOD)];
        for _ in 0..chance.between(10, 40) {
            commands.push(command(&mut chance));
        }
        let mut plan = Self { seed, weather, conducts, commands };
        // By chances of their own: the seeds that failed once keep their plans.
        if seed % 3 == 1 {
            plan.vary(&mut Seeded::new(seed ^ 0x3_0000_0000));
        }
        plan
    }

    /// Puts what happens seldom in the place of what happens often.
    fn vary(&mut self, chance: &mut Seeded) {
        self.weather.at_once = *chance.pick(&[None, None, Some(1), Some(3)]);
        if self.conducts.iter().any(|conduct| matches!(conduct.parting, Some((_, Parting::Freeze(_))))) {
            self.weather.capacity = *chance.pick(&[8, 64]);
        }
        self.weather.resends = *chance.pick(&[0, 1, 3]);
        for command in &mut self.commands {
            match command {
                Command::Story(_, form, _) | Command::Paved(_, form) | Command::Send(_, form)
                    if matches!(form, Form::Stream(_)) && chance.percent(30) =>
                {
                    *form = Form::Failing;
                }
                Command::Paved(port, form) if chance.percent(40) => *command = Command::Sip(*port, *form),
                Command::Hoard(_) if chance.percent(50) => *command = Command::Sip(BAD, Form::Octets),
                _ => {}
            }
        }
    }

    /// Will the server hear of every connection that the client closes?
    pub(crate) fn tells_the_server_of_every_end(&self) -> bool {
        let parted = self.commands.iter().any(|command| matches!(command, Command::Partition));
        // A simulated reset does not wake who waits to write.
        self.weather.loss == 0 && !parted && self.weather.capacity == AMPLE
    }

    /// The world it happens in.
    pub(crate) fn world(&self) -> Simulation {
        let Weather { latency, loss, roughness, capacity, .. } = self.weather;
        let conducts = self.conducts.clone();
        network(self.seed, latency, loss, roughness, capacity)
            .at_two_addresses()
            .http2_peer(GOOD, |_| Conduct::answering(Answer::default()))
            .http2_peer(BAD, move |n| conducts[n % conducts.len()].clone())
    }
}

fn weather(chance: &mut Seeded, seed: u64) -> Weather {
    let ms = Duration::from_millis;
    let mut http2 = Http2Options::default();
    http2.stream_window = *chance.pick(&[65_535, 65_535, 2 << 20]);
    http2.connection_window = *chance.pick(&[65_535, 100_000, 5 << 20]);
    http2.adaptive_window = chance.percent(50);
    http2.ping_after = *chance.pick(&[None, Some(ms(10)), Some(ms(100))]);
    http2.ping_every = *chance.pick(&[None, None, Some(ms(30))]);
    http2.ping_timeout = *chance.pick(&[ms(100), ms(300)]);
    http2.stalled_after = *chance.pick(&[ms(20), ms(200)]);
    http2.stalled_reader = *chance.pick(&[StalledReader::Shrink, StalledReader::NewWire, StalledReader::Abort]);
    http2.unread_limit = *chance.pick(&[0, 100_000, 64 << 20]);
    Weather {
        latency: *chance.pick(&[1, 2, 5, 40]),
        loss: if chance.percent(10) { 50 } else { 0 },
        roughness: *chance.pick(&[0, 0, 0, 30]),
        wires: chance.between(1, 3),
        min_wires: *chance.pick(&[0, 0, 0, 1]),
        max_age: *chance.pick(&[None, None, None, Some(ms(100))]),
        max_requests: *chance.pick(&[None, None, Some(1), Some(3)]),
        idle: *chance.pick(&[Duration::from_secs(60), ms(50)]),
        stale_for: *chance.pick(&[Duration::ZERO, ms(100)]),
        least_loaded: chance.percent(30),
        expects_continue: chance.percent(10),
        governor: (seed % 5 == 4).then(|| governor(seed / 5)),
        at_once: None,
        capacity: AMPLE,
        resends: 1,
        http2,
    }
}

pub(crate) fn conduct(chance: &mut Seeded) -> Conduct {
    let openings = [Opening::Closed, Opening::Mute, Opening::Http1];
    let opening = if chance.percent(85) { Opening::Honest } else { *chance.pick(&openings) };
    let partings = [
        Parting::Graceful,
        Parting::Graceful,
        Parting::Abrupt(Reason::NO_ERROR),
        Parting::Abrupt(Reason::INTERNAL_ERROR),
        Parting::Abrupt(Reason::ENHANCE_YOUR_CALM),
        Parting::Cut,
        Parting::Freeze(50),
        Parting::Freeze(500),
        Parting::Freeze(5_000),
    ];
    let (at, parting) = (chance.between(1, 6), *chance.pick(&partings));
    Conduct {
        opening,
        streams: *chance.pick(&[1, 2, 100, 100]),
        window: *chance.pick(&[4_000, 4_000, 65_535, 65_535]),
        answers: (0..4).map(|_| answer(chance)).collect(),
        parting: chance.percent(50).then_some((at, parting)),
        talk: None,
    }
}

fn answer(chance: &mut Seeded) -> Answer {
    let reasons = [
        Reason::REFUSED_STREAM,
        Reason::REFUSED_STREAM,
        Reason::NO_ERROR,
        Reason::CANCEL,
        Reason::INTERNAL_ERROR,
        Reason::HTTP_1_1_REQUIRED,
    ];
    let reason = *chance.pick(&reasons);
    let octets = *chance.pick(&[0, 1, 31, 1_000, 70_000, 200_000]);
    Answer {
        after: *chance.pick(&[0, 0, 5, 50, 400]),
        early: chance.percent(50),
        interim: chance.percent(15),
        body: if chance.percent(50) { AnswerBody::Echo } else { AnswerBody::Octets(octets) },
        pace: *chance.pick(&[0, 0, 1, 20]),
        piece: *chance.pick(&[1_000, 16_384, 65_535]),
        trailers: chance.percent(30),
        end: match chance.below(20) {
            0 => AnswerEnd::ResetAfter(reason),
            1 | 2 => AnswerEnd::ResetAtOnce(reason),
            3 => AnswerEnd::Never,
            4 => AnswerEnd::Silence,
            _ => AnswerEnd::Whole,
        },
    }
}

fn told(chance: &mut Seeded) -> Told {
    let ms = Duration::from_millis;
    let places: [&[&'static str]; 5] = [&[SERVER], &[OTHER], &[SERVER, OTHER], &[OTHER, SERVER], &[]];
    Told {
        at: chance.pick(&places).to_vec(),
        ttl: *chance.pick(&[None, Some(Duration::ZERO), Some(ms(20)), Some(ms(20)), Some(ms(200))]),
        after: *chance.pick(&[ms(0), ms(0), ms(3), ms(400)]),
        fails: chance.percent(10),
    }
}

fn command(chance: &mut Seeded) -> Command {
    let place = chance.below(12);
    let port = *chance.pick(&[GOOD, BAD, BAD, BAD, BAD, CLOSED]);
    let form = *chance.pick(&[
        Form::Empty,
        Form::Empty,
        Form::Octets,
        Form::Large,
        Form::Announced,
        Form::Chunked,
        Form::Duplex,
        Form::Stream(0),
        Form::Stream(7),
    ]);
    let level = *chance.pick(&[Level::Session, Level::Connection, Level::Request, Level::Request, Level::Request]);
    let patience = chance.percent(40).then(|| chance.between(1, 30) as u64);
    let reading = Reading { patience, asks: chance.percent(50) };
    let amount = *chance.pick(&[Amount::Available, Amount::AtMost, Amount::Exactly]);
    let time = chance.between(1, 120) as u64;
    let sizes: Vec<_> = (0..chance.below(6)).map(|_| *chance.pick(&[0, 1, 100, 5_000, 70_000])).collect();
    match chance.below(120) {
        0..4 => Command::Connect(port),
        4..10 => Command::Open(place, form),
        10..16 => Command::Send(place, form),
        16..20 => Command::Write(place, *chance.pick(&[1, 5, 70_000])),
        20..22 => Command::Finish(place),
        22..27 => Command::Receive(place),
        27..29 => Command::Query(place),
        29..34 => Command::Read(place, amount),
        34..51 => Command::Story(place, form, reading),
        51..59 => Command::Conversation(place, sizes, *chance.pick(&[0, 0, 5, 60]), reading),
        59..62 => Command::Hoard(place),
        62..70 => Command::Paved(port, form),
        70..73 => Command::GiveUp,
        73..77 => Command::Cancel(level, place),
        77..80 => Command::Close(if level == Level::Session { Level::Request } else { level }, place),
        80..83 => Command::Drop(level, place),
        83..85 => Command::Subscribe(level, place),
        85..86 => Command::Unsubscribe,
        86..88 => Command::Expire(place),
        88..89 => Command::Drain(place, time),
        89..91 => Command::Prewarm(place, chance.between(1, 3)),
        91..92 => Command::EvictIdle,
        92..94 => Command::NetworkChanged,
        94..96 => Command::Look,
        96..101 => Command::Tell(told(chance)),
        101 if chance.percent(50) => Command::Shutdown(time),
        101 if chance.percent(20) => Command::Close(Level::Session, 0),
        101 => Command::StopEngine,
        102..104 => Command::Partition,
        104..106 => Command::Hold,
        106..110 => Command::Repair,
        _ => Command::Pause(time),
    }
}

/// More messages than are ever under way on a connection.
pub(crate) const AMPLE: usize = 16 * 1024;
