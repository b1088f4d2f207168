//! What all vector runners share: where the vectors are, which outcomes are known to differ, and the closing line.
//!
//! A runner is a test target without libtest, so that its closing line is seen also when it passes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use integration_tests::{SANITIZED, is_over, patiently};
use serde_json::Value;

/// One suite of vectors.
pub(crate) struct Suite {
    /// Its name, for people.
    pub(crate) name: &'static str,
    /// The file or folder below `HINTERNET_VECTORS`.
    pub(crate) place: &'static str,
    /// How many cases it has.
    pub(crate) cases: usize,
    /// The known differences: one id per line, then its reason.
    pub(crate) known_differences: &'static str,
    /// How many there may be. It may only shrink.
    pub(crate) most_known: usize,
}

/// One case: its id, and what became of it.
pub(crate) struct Case {
    /// Its id in the vectors.
    pub(crate) id: String,
    /// What became of it.
    pub(crate) verdict: Verdict,
}

/// What became of a case.
pub(crate) enum Verdict {
    /// As the vectors want it.
    Passed,
    /// Otherwise.
    Failed(String),
    /// Not run, for the want of something.
    Skipped(&'static str),
}

impl Suite {
    /// Runs the suite and prints its closing line.
    ///
    /// Without vectors nothing is run: that passes, except under `CI=true`.
    pub(crate) fn run<F: Future<Output = Vec<Case>>>(self, play: impl FnOnce(PathBuf) -> F) -> ExitCode {
        // The step that runs ignored tests, and tools that list tests, have no business here.
        if std::env::args().skip(1).any(|argument| argument == "--ignored" || argument == "--list") {
            return ExitCode::SUCCESS;
        }
        let Some(place) = self.find() else {
            println!("vectors not found: 0 of {} run ({})", self.cases, self.name);
            let is_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
            return if is_ci { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
        let cases = runtime.block_on(play(place));
        drop(runtime);
        self.report(cases)
    }

    fn find(&self) -> Option<PathBuf> {
        let place = Path::new(&std::env::var_os("HINTERNET_VECTORS")?).join(self.place);
        place.exists().then_some(place)
    }

    fn report(self, cases: Vec<Case>) -> ExitCode {
        let mut wrong = Vec::new();
        let mut skipped = BTreeMap::<_, usize>::new();
        let (mut passed, mut differ) = (0, 0);
        if cases.len() != self.cases {
            wrong.push(format!("there are {} cases, not {}", cases.len(), self.cases));
        }
        let mut known = self.known();
        if known.len() > self.most_known {
            wrong.push(format!("{} known differences are more than {}", known.len(), self.most_known));
        }
        for Case { id, verdict } in cases {
            match (verdict, known.remove(id.as_str())) {
                (Verdict::Passed, None) => passed += 1,
                (Verdict::Passed, Some(_)) => wrong.push(format!("{id}: passes; take it off the known differences")),
                (Verdict::Failed(how), Some(_)) => {
                    differ += 1;
                    if is_picked() {
                        println!("DIFFERS {id}: {how}");
                    }
                }
                (Verdict::Failed(how), None) => wrong.push(format!("{id}: {how}")),
                (Verdict::Skipped(needs), None) => *skipped.entry(needs).or_default() += 1,
                (Verdict::Skipped(_), Some(_)) => wrong.push(format!("{id}: is a known difference and was not run")),
            }
        }
        wrong.extend(known.keys().map(|id| format!("{id}: is a known difference and no case")));
        let memory = peak_memory_kib().unwrap_or_default();
        if is_over(memory, MEMORY_LIMIT_KIB) {
            wrong.push(format!("{memory} KiB of memory are more than {MEMORY_LIMIT_KIB} KiB"));
        }
        for line in &wrong {
            println!("FAILED {line}");
        }
        let needs: Vec<_> = skipped.iter().map(|(needs, count)| format!("{count} {needs}")).collect();
        let needs = if needs.is_empty() { String::new() } else { format!("; skipped: {}", needs.join(", ")) };
        let judged = if SANITIZED { ", not judged: a sanitizer's is counted too" } else { "" };
        let (failed, skipped) = (wrong.len(), skipped.values().sum::<usize>());
        let Self { name, .. } = self;
        println!(
            "{passed} passed, {failed} failed, {skipped} skipped \
             ({name}; {differ} known differences, {memory} KiB of memory{judged}{needs})"
        );
        if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn known(&self) -> BTreeMap<&'static str, &'static str> {
        table(self.known_differences)
    }
}

/// Plays one case, unless it needs what this version does not have. It is a task of its own: what panics in it, the recorder
/// for one, is a failure of that case alone.
pub(crate) async fn judge(
    id: String,
    needs: Option<&'static str>,
    case: impl Future<Output = Result<(), String>> + Send + 'static,
) -> Case {
    if let Some(needs) = needs {
        return Case { id, verdict: Verdict::Skipped(needs) };
    }
    let verdict = match patiently(&id, tokio::spawn(case)).await {
        Ok(Ok(())) => Verdict::Passed,
        Ok(Err(how)) => Verdict::Failed(how),
        Err(panic) => Verdict::Failed(panic.to_string()),
    };
    Case { id, verdict }
}

/// Does somebody work at single cases (`-- 17`)? Then it is shown in what a known difference consists.
fn is_picked() -> bool {
    std::env::args().skip(1).any(|argument| !argument.starts_with('-'))
}

/// A file of ids, each with the rest of its line. `#` begins a comment.
pub(crate) fn table(file: &'static str) -> BTreeMap<&'static str, &'static str> {
    let lines = file.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let pairs = lines.map(|line| line.split_once(char::is_whitespace).expect("an id is followed by its reason"));
    pairs.map(|(id, reason)| (id, reason.trim())).collect()
}

/// What a JSON file of vectors holds.
#[allow(dead_code, reason = "some suites are written otherwise")]
pub(crate) fn read_json(file: &Path) -> Value {
    let text = std::fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The list a value is.
#[allow(dead_code, reason = "some suites are written otherwise")]
pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("{value} is no list"))
}

/// The text a value is.
#[allow(dead_code, reason = "some suites are written otherwise")]
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// The octets that hexadecimal digits name.
#[allow(dead_code, reason = "some suites are written otherwise")]
pub(crate) fn hex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks_exact(2).map(|pair| std::str::from_utf8(pair).expect("digits"));
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("hexadecimal digits")).collect()
}

/// The most memory the process, its peers included, has had so far, where the system tells.
pub(crate) fn peak_memory_kib() -> Option<u64> {
    status_kib("VmHWM:")
}

/// What the system says of this process by that name.
pub(crate) fn status_kib(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// Whatever a peer does, a client stays below this.
const MEMORY_LIMIT_KIB: u64 = 64 * 1024;
