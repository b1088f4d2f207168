//! Runs a proxy script, once, in a sandbox that is made for the question and thrown away after it.
//!
//! A script is somebody else's program. It has the language, dates, and the functions that a proxy script is promised; no
//! modules, files, sockets, timers or threads, and nothing of an earlier run. What it may use up is limited: memory and stack by
//! QuickJS, time by its interrupts, look-ups by the count. A limit that was passed ends it whatever it catches. Few of the
//! language's own loops ask for no interrupt; whoever waits for a run must not wait for ever.

mod functions;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rquickjs::context::{EvalOptions, intrinsic};
use rquickjs::{Coerced, Context, Ctx, Function, Runtime, Value};

use crate::clock;
use crate::network::Route;
use crate::policy::pac::{Unreadable, read_answer};

/// What a run may use up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// All of it, look-ups included.
    pub(super) time: Duration,
    /// Octets.
    pub(super) memory: usize,
    /// Names that are looked up; one that was asked for before costs nothing.
    pub(super) look_ups: usize,
}

/// What a script is asked.
#[derive(Clone, Debug)]
pub(super) struct Question<'a> {
    pub(super) script: &'a str,
    /// As a script may see it.
    pub(super) url: &'a str,
    pub(super) host: &'a str,
    pub(super) time_of_day: SystemTime,
}

/// What a script can learn of the world.
pub(super) trait World: 'static {
    /// The addresses of a name; none if it has none, or they are not known at that moment.
    fn addresses(&mut self, host: &str, until: Instant) -> Vec<IpAddr>;
    /// The addresses of this machine.
    fn own_addresses(&mut self) -> Vec<IpAddr>;
}

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is no script; what is wrong with it.
    NoScript(String),
    /// It failed.
    Failed(String),
    /// It answered nothing that can be used.
    Answer(Unreadable),
    Time(Duration),
    Memory(usize),
    LookUps(usize),
    /// The engine could not free what it held, as may be where memory ran out in the midst of something: so many octets are lost,
    /// and whatever the answer was, it must not be asked again.
    Leaves(usize),
}

/// The answer of the script.
pub(super) fn evaluate(question: &Question<'_>, bounds: Bounds, world: impl World) -> Result<Vec<Route>, Fault> {
    // One that cannot be told is too far off to matter.
    let began = clock::now();
    let deadline = began.checked_add(bounds.time).unwrap_or(began + Duration::from_secs(24 * 3600));
    let run = Rc::new(Run {
        world: RefCell::new(world),
        known: RefCell::default(),
        look_ups_left: Cell::new(bounds.look_ups),
        deadline,
        passed: Cell::new(None),
    });
    let answer = sandboxed(question, bounds, &run);
    // Whatever it made of the limit it ran into.
    match run.passed.get() {
        Some(Passed::Time) => return Err(Fault::Time(bounds.time)),
        Some(Passed::LookUps) => return Err(Fault::LookUps(bounds.look_ups)),
        None => {}
    }
    read_answer(&answer?).map_err(Fault::Answer)
}

fn sandboxed<W: World>(question: &Question<'_>, bounds: Bounds, run: &Rc<Run<W>>) -> Result<String, Fault> {
    let memory = || Fault::Memory(bounds.memory);
    let runtime = Runtime::new().map_err(|_| memory())?;
    runtime.set_memory_limit(bounds.memory);
    runtime.set_max_stack_size(STACK);
    let watch = Rc::clone(run);
    runtime.set_interrupt_handler(Some(Box::new(move || watch.is_over())));
    let context = Context::custom::<Language>(&runtime).map_err(|_| memory())?;
    let answer = context.with(|context| {
        let failed = |error, stage| fault(&context, error, stage, bounds);
        prepare(&context, question, run).map_err(|error| failed(error, Stage::Preparing))?;
        eval(&context, question.script).map_err(|error| failed(error, Stage::Loading))?;
        ask(&context, question)
            .map_err(|error| failed(error, Stage::Asking))?
            .ok_or_else(|| Fault::NoScript("it has no function FindProxyForURL".to_owned()))
    });
    drop(context);
    runtime.run_gc();
    let left = usize::try_from(runtime.memory_usage().malloc_size).unwrap_or(usize::MAX);
    if left > LEFT_BEHIND { Err(Fault::Leaves(left)) } else { answer }
}

/// What of the language a script has: no proxies of objects, no shared memory. Promises only because a dynamic `import` needs
/// one to fail by: nothing that waits is ever run.
type Language = (
    intrinsic::Date,
    intrinsic::Eval,
    intrinsic::RegExpCompiler,
    intrinsic::RegExp,
    intrinsic::Json,
    intrinsic::MapSet,
    intrinsic::Promise,
);

fn prepare<W: World>(context: &Ctx<'_>, question: &Question<'_>, run: &Rc<Run<W>>) -> rquickjs::Result<()> {
    functions::give(context, run)?;
    let since = question.time_of_day.duration_since(UNIX_EPOCH).unwrap_or_default();
    let time_of_day = since.as_secs_f64() * 1000.0;
    let prelude: Function<'_> = eval(context, include_str!("prelude.js"))?.get()?;
    prelude.call((Function::new(context.clone(), move || time_of_day)?,))
}

/// As a browser runs a script: not in strict mode.
fn eval<'js>(context: &Ctx<'js>, script: &str) -> rquickjs::Result<Value<'js>> {
    let mut options = EvalOptions::default();
    options.strict = false;
    context.eval_with_options(script, options)
}

/// `None`: there is nobody to ask.
fn ask(context: &Ctx<'_>, question: &Question<'_>) -> rquickjs::Result<Option<String>> {
    let globals = context.globals();
    let named = |name| globals.get::<_, Option<Function<'_>>>(name).ok().flatten();
    // Microsoft's form for IPv6 goes first, where a script has it.
    let Some(function) = named("FindProxyForURLEx").or_else(|| named("FindProxyForURL")) else { return Ok(None) };
    let answer: Value<'_> = function.call((question.url, question.host))?;
    if answer.is_null() || answer.is_undefined() {
        return Ok(Some(String::new()));
    }
    answer.get::<Coerced<String>>().map(|answer| Some(answer.0))
}

/// Where a script failed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Preparing,
    Loading,
    Asking,
}

fn fault(context: &Ctx<'_>, error: rquickjs::Error, stage: Stage, bounds: Bounds) -> Fault {
    let (kind, message) = match error {
        rquickjs::Error::Exception => thrown(context),
        rquickjs::Error::Allocation => return Fault::Memory(bounds.memory),
        other => (NOT_TEXT.to_owned(), other.to_string()),
    };
    if kind == "InternalError" && message == "out of memory" {
        return Fault::Memory(bounds.memory);
    }
    let said: String = message.chars().take(LONGEST_MESSAGE).collect();
    match stage {
        Stage::Preparing => Fault::Failed("there was no room to begin".to_owned()),
        // It has not been told anything yet that it could tell on.
        Stage::Loading if kind == "SyntaxError" || kind == NOT_TEXT => Fault::NoScript(format!("{kind} {said:?}")),
        Stage::Loading => Fault::Failed(format!("it threw {kind} {said:?} while it was loaded")),
        // What it says now may hold the query of the URL.
        Stage::Asking if kind.is_empty() => Fault::Failed("it threw something".to_owned()),
        Stage::Asking => Fault::Failed(format!("it threw a {kind}")),
    }
}

/// The kind of exception, if it is one of the language's, and what it says.
fn thrown(context: &Ctx<'_>) -> (String, String) {
    let value = context.catch();
    if value.is_null() {
        // What is thrown where there is no room to make an exception.
        return ("InternalError".to_owned(), "out of memory".to_owned());
    }
    let Some(exception) = value.as_exception() else { return Default::default() };
    let kind = exception.get::<_, String>("name").unwrap_or_default();
    let kind =
        KINDS.iter().find(|known| **known == kind).map_or_else(|| "Error".to_owned(), |known| (*known).to_owned());
    (kind, exception.message().unwrap_or_default())
}

/// What a run knows.
struct Run<W> {
    world: RefCell<W>,
    /// What was looked up.
    known: RefCell<HashMap<String, Vec<IpAddr>>>,
    look_ups_left: Cell<usize>,
    deadline: Instant,
    passed: Cell<Option<Passed>>,
}

/// A limit that the script ran into.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Passed {
    Time,
    LookUps,
}

impl<W: World> Run<W> {
    /// Is the run to end?
    fn is_over(&self) -> bool {
        if self.passed.get().is_none() && clock::now() >= self.deadline {
            self.passed.set(Some(Passed::Time));
        }
        self.passed.get().is_some()
    }

    /// The addresses of a host; `None` when the limit of look-ups is passed.
    fn addresses(&self, host: &str) -> Option<Vec<IpAddr>> {
        if let Ok(literal) = host.trim_start_matches('[').trim_end_matches(']').parse() {
            return Some(vec![literal]);
        }
        if host.is_empty() || host.len() > LONGEST_NAME {
            return Some(Vec::new());
        }
        let host = host.to_ascii_lowercase();
        if let Some(known) = self.known.borrow().get(&host) {
            return Some(known.clone());
        }
        let Some(left) = self.look_ups_left.get().checked_sub(1) else {
            self.passed.set(Some(Passed::LookUps));
            return None;
        };
        self.look_ups_left.set(left);
        let mut addresses = self.world.borrow_mut().addresses(&host, self.deadline);
        addresses.truncate(MOST_ADDRESSES);
        self.known.borrow_mut().insert(host, addresses.clone());
        Some(addresses)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoScript(why) => write!(f, "the proxy script cannot be used: {why}"),
            Self::Failed(why) => write!(f, "the proxy script failed: {why}"),
            Self::Answer(why) => why.fmt(f),
            Self::Time(limit) => write!(f, "the proxy script did not end within {limit:?}"),
            Self::Memory(limit) => write!(f, "the proxy script needs more than {limit} octets of memory"),
            Self::Leaves(octets) => write!(f, "the proxy script leaves {octets} octets of memory behind"),
            Self::LookUps(limit) => write!(f, "the proxy script asks for more than {limit} names"),
        }
    }
}

/// Deep enough for any script that is meant, and well within the stack of its thread.
const STACK: usize = 256 * 1024;
/// What a runtime holds when all that was made in it is gone.
const LEFT_BEHIND: usize = 256 * 1024;
const LONGEST_NAME: usize = 253;
const MOST_ADDRESSES: usize = 64;
const LONGEST_MESSAGE: usize = 200;
const NOT_TEXT: &str = "no text";
const KINDS: &[&str] =
    &["SyntaxError", "TypeError", "ReferenceError", "RangeError", "InternalError", "EvalError", "URIError"];
