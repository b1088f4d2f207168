//! A small program like curl, over the public API.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Mutex;

use hinternet::{CookieJar, HstsStore, Origin, ResponseHead, Session, Version};
use integration_tests::recorder::Recorder;

use super::authority::Located;
use super::command::{self, Options};
use super::config;
use super::exit_code::{BAD_FUNCTION_ARGUMENT, Exit, FAILED_INIT, SETOPT_OPTION_SYNTAX};
use super::globbing;
use super::transfer::Job;
use super::trusting::Trusting;
use super::vector::VERSION;

/// What it is given.
pub(crate) struct Program {
    pub(crate) arguments: Vec<(String, String)>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) standard_input: Vec<u8>,
    /// Where it writes to if it is not told.
    pub(crate) output: PathBuf,
    /// The origins that have answered in HTTP/1.0 and keep the connection: on that, curl goes on in their version.
    pub(crate) old_servers: Mutex<HashSet<String>>,
}

/// What came of it.
pub(crate) struct Ended {
    pub(crate) exit: Exit,
    /// What is in the file it writes to.
    pub(crate) output: Vec<u8>,
    /// The trailers behind it, as lines.
    pub(crate) trailers: Vec<u8>,
}

/// What is in a file that is written to: content, and what comes with it.
#[derive(Default)]
pub(crate) struct Written {
    pub(crate) output: Vec<u8>,
    pub(crate) trailers: Vec<u8>,
}

impl Program {
    /// The origin has answered.
    pub(crate) fn has_answered(&self, origin: &Origin, head: &ResponseHead) {
        let keeps = head
            .headers()
            .get("connection")
            .is_some_and(|option| option.as_bytes().eq_ignore_ascii_case(b"keep-alive"));
        if head.version() == Version::HTTP_10 && keeps {
            self.old_servers.lock().expect("nobody panics with it").insert(origin.to_string());
        }
    }

    pub(crate) fn knows_as_old(&self, origin: &Origin) -> bool {
        self.old_servers.lock().expect("nobody panics with it").contains(&origin.to_string())
    }

    /// Runs it to its end.
    pub(crate) async fn run(&self, recorder: &Recorder) -> Ended {
        let (jar, hsts) = (CookieJar::new(), HstsStore::new());
        let builder = Session::builder().user_agent(&format!("curl/{VERSION}"));
        let mut builder = builder.cookie_jar(jar.clone()).hsts(hsts.clone());
        let groups = self.groups();
        if let Some((user, password)) = groups.iter().find_map(Options::user_of_all) {
            builder = builder.credential_provider(Trusting { user, password });
        }
        let session = recorder.session(builder);
        let mut written = Written::default();
        let exit = self.play(&groups, &session, &jar, &hsts, &mut written).await;
        session.close().await.expect("close never fails");
        session.closed().await;
        let Written { output, trailers } = written;
        Ended { exit, output, trailers }
    }

    fn groups(&self) -> Vec<Options> {
        let mut groups = command::read(&[config::read(&self.environment), self.arguments.clone()].concat());
        groups.retain(|options| !options.urls.is_empty());
        groups
    }

    async fn play(
        &self,
        groups: &[Options],
        session: &Session,
        jar: &CookieJar,
        hsts: &HstsStore,
        written: &mut Written,
    ) -> Exit {
        if let Some(code) = groups.iter().find_map(misuse) {
            return Exit::Code(code);
        }
        let mut exit = Exit::Code(0);
        for (group, options) in groups.iter().enumerate() {
            let jobs = match self.jobs(options, group == 0) {
                Ok(jobs) => jobs,
                Err(code) => return Exit::Code(code),
            };
            options.load_cookies(jar, &Located::read(&options.urls[0], "http").url);
            options.load_hsts(hsts);
            for job in jobs {
                exit = job.run(session, written).await;
                // One transfer knows nothing of another's challenges.
                session.credentials().forget_accepted();
            }
        }
        exit
    }

    /// One for each file of each URL.
    fn jobs<'a>(&'a self, options: &'a Options, is_first_group: bool) -> Result<Vec<Job<'a>>, i32> {
        let mut jobs = Vec::new();
        for (place, pattern) in options.urls.iter().enumerate() {
            let expand = |text: &String| {
                if options.no_globbing { Ok(vec![text.clone()]) } else { globbing::expand(text) }
            };
            let uploads = match options.uploads.get(place) {
                None => vec![None],
                Some(upload) => expand(upload)?.into_iter().map(Some).collect(),
            };
            let named = options.outputs.get(place).filter(|name| *name != "-");
            if named.is_some_and(|name| names_no_glob(name, pattern)) {
                return Err(BAD_FUNCTION_ARGUMENT);
            }
            // The suite has the first URL written to a file, and all others to where nobody looks.
            let is_first = place == 0 && is_first_group;
            let output = named.cloned().or_else(|| is_first.then(|| self.output.display().to_string()));
            for upload in uploads {
                for url in expand(pattern)? {
                    jobs.push(Job {
                        program: self,
                        options,
                        url,
                        upload: upload.clone(),
                        output: output.clone(),
                        is_compared: is_first,
                    });
                }
            }
        }
        Ok(jobs)
    }
}

/// Options that contradict each other, or make no sense.
fn misuse(options: &Options) -> Option<i32> {
    if !options.data.is_empty() && options.resume.is_some() {
        return Some(FAILED_INIT);
    }
    let is_number = |text: &str| text.is_empty() || text.parse::<u16>().is_ok();
    let bad_resolve = |entry: &String| {
        let mut parts = entry.trim_start_matches(['-', '+']).splitn(3, ':');
        parts.next().is_none() || !parts.next().is_some_and(is_number)
    };
    let bad_connect_to = |entry: &String| !is_number(entry.rsplit(':').next().unwrap_or_default());
    let is_bad = options.resolve.iter().any(bad_resolve) || options.connect_to.iter().any(bad_connect_to);
    is_bad.then_some(SETOPT_OPTION_SYNTAX)
}

/// `#<name>` of a name that the URL does not give.
fn names_no_glob(output: &str, pattern: &str) -> bool {
    let name = output.split_once("#<").and_then(|(_, rest)| rest.split_once('>')).map(|(name, _)| name);
    name.is_some_and(|name| !pattern.contains(&format!("<{name}>")))
}
