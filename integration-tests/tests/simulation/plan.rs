//! What happens in one simulation: the weather, what the server does, and what the client is told to do. All of it by a seed.

use std::time::Duration;

use hinternet::Governor;
use integration_tests::Seeded;
use integration_tests::scripted_peer::{Script, Split};
use integration_tests::simulation::{OTHER, SERVER, Simulation, Trace, World};

use crate::client;
use crate::site::Site;
use crate::suite::{Correction, Simulated};
use crate::told::network;

/// All that happens.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) weather: Weather,
    /// What becomes of the connections to the bad port, in turn.
    pub(crate) faults: Vec<Fault>,
    /// Or who answers there instead.
    pub(crate) site: Option<Site>,
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
    pub(crate) expects_continue: bool,
    pub(crate) governor: Option<Governor>,
}

/// What the server does on one connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    None,
    /// Answers in pieces, after an interim response.
    Interim(u64),
    /// Closes after the answer without having said so.
    CloseAfter,
    /// A body that ends with the connection.
    UntilClose,
    /// Accepts and closes.
    CloseAtOnce,
    Silence,
    /// Resets after so many octets of the answer.
    Reset(usize),
    /// Closes after so many octets of the answer.
    Cut(usize),
    /// Is silent after so many octets of the answer.
    Stall(usize),
    Garbage,
    Drip,
    /// Answers before the body has come, and closes.
    Early,
    /// Sends more than was asked for.
    Unasked,
    StopReading,
}

/// What the client does next. Numbers name handles by their place among those that were made.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Command {
    Connect(u16),
    Open(usize, Form),
    Send(usize, Form),
    Write(usize),
    Finish(usize),
    Receive(usize),
    Query(usize),
    Read(usize, Amount),
    /// A whole exchange, call for call, on this connection.
    Story(usize, Form, Reading),
    /// A whole exchange by the paved path.
    Paved(u16, Form),
    /// The future of the youngest call is dropped.
    GiveUp,
    Cancel(Level, usize),
    Close(Level, usize),
    Drop(Level, usize),
    Subscribe(Level, usize),
    Unsubscribe,
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

/// How a story is read to its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    /// A call is given up after so many milliseconds, and made again.
    pub(crate) patience: Option<u64>,
    /// Every read is announced by `query_data_available`.
    pub(crate) asks: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Empty,
    Octets,
    /// More than a deaf server's window takes.
    Large,
    Announced,
    Chunked,
    Stream,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Amount {
    Available,
    AtMost,
    Exactly,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Session,
    Connection,
    Request,
}

/// Always answers.
pub(crate) const GOOD: u16 = 80;
/// Does as the plan says.
pub(crate) const BAD: u16 = 81;
/// Nobody listens.
pub(crate) const CLOSED: u16 = 82;
/// Forwards, if there is a site.
pub(crate) const PROXY: u16 = 83;

/// The body of every good answer.
pub(crate) const CONTENT: &str = "hello, wide and wonderful world";
/// The body of an answer that comes too early.
pub(crate) const REFUSAL: &str = "too much";

impl Simulated for Plan {
    const NAME: &'static str = "HTTP/1.1";
    const FAILED_ONCE: &'static str = include_str!("seeds.txt");
    type Command = Command;

    fn of(seed: u64) -> Self {
        let mut chance = Seeded::new(seed);
        let weather = Weather {
            latency: *chance.pick(&[1, 2, 5, 40]),
            loss: if chance.percent(15) { 100 } else { 0 },
            roughness: *chance.pick(&[0, 0, 30, 90]),
            wires: chance.between(1, 3),
            expects_continue: chance.percent(20),
            // Not by chance, as the site below: the seeds that failed once keep their plans.
            governor: (seed % 5 == 4).then(|| governor(seed / 5)),
        };
        let faults = (0..8).map(|_| fault(&mut chance)).collect();
        let mut commands = vec![Command::Connect(BAD), Command::Connect(GOOD)];
        for _ in 0..chance.between(10, 30) {
            commands.push(command(&mut chance));
        }
        let mut plan = Self { seed, weather, faults, site: None, commands };
        if seed % 4 == 3 {
            plan.visit(Site::of(seed), &mut Seeded::new(seed ^ 0x6_0000_0000));
        }
        plan
    }

    fn commands(&mut self) -> &mut Vec<Command> {
        &mut self.commands
    }

    fn simulation(&self) -> Simulation {
        self.world()
    }

    async fn play(&self, world: World) -> Result<Trace, String> {
        client::run(self, world).await
    }

    fn corrections(&self) -> Vec<Correction<Self>> {
        let mut all: Vec<Correction<Self>> =
            vec![Box::new(|plan| plan.weather.roughness = 0), Box::new(|plan| plan.weather.governor = None)];
        all.extend(
            (0..self.faults.len()).map(|n| -> Correction<Self> { Box::new(move |plan| plan.faults[n] = Fault::None) }),
        );
        all
    }
}

impl Plan {
    /// A site answers, and is asked more than a server that fails.
    fn visit(&mut self, site: Site, chance: &mut Seeded) {
        self.site = Some(site);
        for _ in 0..15 {
            let form =
                *chance.pick(&[Form::Empty, Form::Empty, Form::Empty, Form::Octets, Form::Chunked, Form::Stream]);
            let patience = chance.percent(20).then(|| chance.between(1, 30) as u64);
            // Of the connections the first is one to the site.
            let story = Command::Story(0, form, Reading { patience, asks: chance.percent(50) });
            let at = chance.between(2, self.commands.len());
            self.commands.insert(at, if chance.percent(40) { Command::Pause(30) } else { story });
        }
    }

    /// Will the server hear of every connection that the client closes?
    pub(crate) fn tells_the_server_of_every_end(&self) -> bool {
        let parted = self.commands.iter().any(|command| matches!(command, Command::Partition));
        self.weather.loss == 0 && !parted && !self.is_deaf()
    }

    /// The hosts that serve.
    pub(crate) fn hosts(&self) -> &'static [&'static str] {
        if self.site.is_some() { &[SERVER, OTHER] } else { &[SERVER] }
    }

    /// Does the server stop reading somewhere?
    pub(crate) fn is_deaf(&self) -> bool {
        self.site.is_none() && self.faults.iter().any(|fault| matches!(fault, Fault::StopReading))
    }

    /// The world it happens in.
    fn world(&self) -> Simulation {
        let Weather { latency, loss, roughness, .. } = self.weather;
        let faults = self.faults.clone();
        // A simulated reset does not wake who waits to write, so only the client may have to wait: where the server is deaf.
        let capacity = if self.is_deaf() { 64 } else { 16 * 1024 };
        let simulation =
            network(self.seed, latency, loss, roughness, capacity).peer(GOOD, |_| Script::answering(answer()));
        match self.site {
            None => simulation.peer(BAD, move |n| faults[n % faults.len()].script()),
            Some(site) => simulation.at_two_addresses().site(BAD, site.handler(BAD)).site(PROXY, site.handler(PROXY)),
        }
    }
}

/// Every kind of limit, each in a fifth of the seeds that have one.
pub(crate) fn governor(n: u64) -> Governor {
    let (new, ms) = (Governor::new(), Duration::from_millis);
    match n % 5 {
        0 => new.concurrency(1),
        1 => new.concurrency(2).rate(1, ms(7)).burst(2),
        2 => new.interval(ms(5)),
        3 => new.adaptive(1..=3),
        _ => new.rate(1, ms(10)),
    }
}

impl Fault {
    pub(crate) fn script(self) -> Script {
        let answer = answer();
        match self {
            Self::None => Script::answering(answer),
            Self::Interim(seed) => Script::new()
                .read_request()
                .send(format!("HTTP/1.1 103 Early Hints\r\nlink: </style>\r\n\r\n{answer}"))
                .again()
                .split(Split::Seeded(seed)),
            Self::CloseAfter => Script::answering_once(answer),
            Self::UntilClose => Script::answering_once(format!("HTTP/1.1 200 OK\r\n\r\n{CONTENT}")),
            Self::CloseAtOnce => Script::new().close(),
            Self::Silence => Script::new().read_request().keep(),
            Self::Reset(after) => Script::new().read_exactly(1).send(answer[..after].to_owned()).reset(),
            Self::Cut(after) => Script::new().read_request().send(answer[..after].to_owned()).close(),
            Self::Stall(after) => Script::new().read_request().send(answer[..after].to_owned()).keep(),
            Self::Garbage => Script::new().read_head().send("\x16\x03\x01 what?\r\n\r\n").keep(),
            Self::Drip => Script::new().read_request().drip(answer, Duration::from_millis(5)).again(),
            Self::Early => {
                let length = REFUSAL.len();
                let refusal = format!("HTTP/1.1 413 No\r\ncontent-length: {length}\r\n\r\n{REFUSAL}");
                Script::new().read_head().send(refusal).close()
            }
            Self::Unasked => Script::new().read_request().send(format!("{answer}{answer}")).keep(),
            Self::StopReading => Script::new().read_exactly(1).stop_reading(),
        }
    }
}

fn answer() -> String {
    let (first, second) = CONTENT.split_at(12);
    let (one, two) = (first.len(), second.len());
    format!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{one:x}\r\n{first}\r\n{two:x}\r\n{second}\r\n0\r\n\r\n"
    )
}

fn fault(chance: &mut Seeded) -> Fault {
    let part = chance.below(answer().len());
    let all = [
        Fault::None,
        Fault::None,
        Fault::Interim(part as u64),
        Fault::CloseAfter,
        Fault::UntilClose,
        Fault::CloseAtOnce,
        Fault::Silence,
        Fault::Reset(part),
        Fault::Cut(part),
        Fault::Stall(part),
        Fault::Garbage,
        Fault::Drip,
        Fault::Early,
        Fault::Unasked,
        Fault::StopReading,
    ];
    *chance.pick(&all)
}

fn command(chance: &mut Seeded) -> Command {
    let place = chance.below(12);
    let port = *chance.pick(&[GOOD, BAD, BAD, CLOSED]);
    let form = *chance.pick(&[
        Form::Empty,
        Form::Empty,
        Form::Octets,
        Form::Large,
        Form::Announced,
        Form::Chunked,
        Form::Stream,
    ]);
    let level = *chance.pick(&[Level::Session, Level::Connection, Level::Request, Level::Request, Level::Request]);
    let patience = chance.percent(40).then(|| chance.between(1, 30) as u64);
    let reading = Reading { patience, asks: chance.percent(50) };
    let amount = *chance.pick(&[Amount::Available, Amount::AtMost, Amount::Exactly]);
    let time = chance.between(1, 120) as u64;
    match chance.below(100) {
        0..5 => Command::Connect(port),
        5..13 => Command::Open(place, form),
        13..18 => Command::Send(place, form),
        18..21 => Command::Write(place),
        21..23 => Command::Finish(place),
        23..28 => Command::Receive(place),
        28..31 => Command::Query(place),
        31..37 => Command::Read(place, amount),
        37..57 => Command::Story(place, form, reading),
        57..63 => Command::Paved(port, form),
        63..66 => Command::GiveUp,
        66..70 => Command::Cancel(level, place),
        70..73 => Command::Close(if level == Level::Session { Level::Request } else { level }, place),
        73..74 => Command::Close(level, place),
        74..77 => Command::Drop(level, place),
        77..80 => Command::Subscribe(level, place),
        80..81 => Command::Unsubscribe,
        81 if chance.percent(70) => Command::Shutdown(time),
        81 => Command::StopEngine,
        82..84 => Command::Partition,
        84..86 => Command::Hold,
        86..90 => Command::Repair,
        _ => Command::Pause(time),
    }
}
