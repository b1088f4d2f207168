//! One case of the vectors, with its variables filled in.

use std::path::Path;
use std::time::Duration;

use integration_tests::curl_replay::{Part, Replayer};
use serde_json::Value;

use super::base64;
use crate::runner::{list, text};

/// One case.
pub(crate) struct Vector<'a> {
    vector: &'a Value,
    variables: Variables,
}

/// What the variables of a case stand for.
pub(crate) struct Variables {
    pairs: Vec<(&'static str, String)>,
}

impl<'a> Vector<'a> {
    pub(crate) fn new(vector: &'a Value, replayer: &Replayer, folder: &Path) -> Self {
        let number = vector["id"].to_string();
        let pairs = vec![
            // A host whose last label is a number is an address, or no host (WHATWG URL 3.5): a letter makes it a name.
            (".%TESTNUMBER", format!(".t{number}")),
            ("%TESTNUMBER", number),
            ("%HOSTIP", "127.0.0.1".to_owned()),
            ("%HTTPPORT", replayer.port().to_string()),
            ("%PROXYPORT", replayer.proxy_port().to_string()),
            ("%NOLISTENPORT", "47".to_owned()),
            ("%VERSION", VERSION.to_owned()),
            ("%LOGDIR", folder.display().to_string()),
            // The folder of the files is absolute here.
            ("%PWD", String::new()),
            ("%DEV_NULL", "/dev/null".to_owned()),
        ];
        Self { vector, variables: Variables { pairs } }
    }

    /// What the server does.
    pub(crate) fn part(&self) -> Part {
        let mut part = Part::default();
        for (name, reply) in self.vector["replies"].as_object().expect("replies by name") {
            let reply = self.octets(reply);
            // An answer to CONNECT is read strictly, whatever is forgiven; one of them is there to test something else.
            let reply = if name.starts_with("connect") { with_whole_lines(&reply) } else { reply };
            part.replies.insert(name.clone(), reply);
        }
        for command in list(&self.vector["servercmd"]).iter().map(text) {
            match command.split_once(": ") {
                None if command == "auth_required" => part.wants_credentials = true,
                None if command == "swsclose" => part.closes = true,
                None if command == "connection-monitor" => {}
                Some(("skip", octets)) => part.skipped = octets.parse().expect("a number"),
                // How slowly the pieces of a reply come decides nothing.
                Some(("writedelay", _)) => {}
                _ => panic!("the server does not know {command:?}"),
            }
        }
        if let Some(seconds) = text(&self.vector["postcmd"]).strip_prefix("wait ") {
            part.waits = Duration::from_secs(seconds.parse().expect("a number")) / TIME_PASSES;
        }
        part
    }

    /// The command line.
    pub(crate) fn arguments(&self) -> Vec<(String, String)> {
        let pairs = list(&self.vector["args"]).iter().map(|pair| {
            let value = pair.get(1).map_or(String::new(), |value| self.string(&utf8(text(value))));
            (text(&pair[0]).to_owned(), value)
        });
        pairs.collect()
    }

    /// The environment, less what is none of a client's business.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let lines = list(&self.vector["setenv"]).iter().filter_map(|line| text(line).split_once('='));
        lines.map(|(name, value)| (name.to_owned(), self.string(value))).collect()
    }

    /// Puts the files of the case where its command line looks for them.
    pub(crate) fn write_files(&self) {
        for (name, content) in self.vector["files"].as_object().expect("files by name") {
            let name = self.string(name);
            if let Some(folder) = Path::new(&name).parent() {
                std::fs::create_dir_all(folder).expect("a folder");
            }
            std::fs::write(&name, self.octets(content)).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }

    pub(crate) fn number(&self) -> String {
        self.vector["id"].to_string()
    }

    pub(crate) fn standard_input(&self) -> Vec<u8> {
        self.optional(&self.vector["stdin"]).unwrap_or_default()
    }

    pub(crate) fn expected_requests(&self) -> Option<Vec<u8>> {
        self.optional(&self.vector["protocol"])
    }

    pub(crate) fn expected_proxy_requests(&self) -> Option<Vec<u8>> {
        self.optional(&self.vector["proxy_protocol"])
    }

    /// What curl would have written out; `None` where the suite does not look.
    pub(crate) fn expected_output(&self) -> Option<Vec<u8>> {
        let is_checked = !list(&self.vector["nocheck"]).iter().any(|part| part == "data");
        let exact = self.optional(&self.vector["datacheck"]["datacheck"]);
        // curl's suite does not compare with nothing.
        if exact.as_ref().is_some_and(Vec::is_empty) {
            return None;
        }
        exact.or_else(|| is_checked.then(|| self.optional(&self.vector["replies"]["data"]))?)
    }

    /// What does not count in the requests: whole lines, and parts of lines.
    pub(crate) fn strips(&self) -> (Vec<String>, Vec<String>) {
        let all = |value: &Value| list(value).iter().map(|one| text(one).to_owned()).collect();
        (all(&self.vector["strip"]), all(&self.vector["strippart"]))
    }

    /// The exit codes that are right.
    pub(crate) fn exit_codes(&self) -> Vec<i32> {
        let codes = text(&self.vector["errorcode"]).split([',', ' ']).filter(|code| !code.is_empty());
        codes.map(|code| code.parse().expect("a number")).collect()
    }

    fn optional(&self, value: &Value) -> Option<Vec<u8>> {
        (!value.is_null()).then(|| self.octets(value))
    }

    fn octets(&self, value: &Value) -> Vec<u8> {
        self.variables.fill(&base64::decode(text(value)))
    }

    fn string(&self, value: &str) -> String {
        String::from_utf8(self.variables.fill(value.as_bytes())).expect("a variable is text")
    }
}

impl Variables {
    fn fill(&self, octets: &[u8]) -> Vec<u8> {
        let mut filled = octets.to_vec();
        for (name, value) in &self.pairs {
            filled = replace(&filled, name.as_bytes(), value.as_bytes());
        }
        while let Some(begin) = find(&filled, b"%b64[") {
            let end = begin + find(&filled[begin..], b"]b64%").expect("what begins ends");
            let encoded = base64::encode(&percent_decode(&filled[begin + 5..end]));
            filled.splice(begin..end + 5, encoded.into_bytes());
        }
        filled
    }
}

/// The vectors were read octet by octet.
fn utf8(text: &str) -> String {
    let octets: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    octets.and_then(|octets| String::from_utf8(octets).ok()).unwrap_or_else(|| text.to_owned())
}

/// A head with CRLF behind each of its lines; what follows it stays as it is.
fn with_whole_lines(reply: &[u8]) -> Vec<u8> {
    let (mut whole, mut rest) = (Vec::new(), reply);
    while let Some(line) = take_line(&mut rest) {
        whole.extend_from_slice(line);
        whole.extend_from_slice(b"\r\n");
        if line.is_empty() {
            break;
        }
    }
    whole.extend_from_slice(rest);
    whole
}

/// A line without its end, which may be a bare LF.
fn take_line<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = rest.iter().position(|octet| *octet == b'\n')?;
    let line = &rest[..end];
    *rest = &rest[end + 1..];
    Some(line.strip_suffix(b"\r").unwrap_or(line))
}

pub(crate) fn percent_decode(octets: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::new();
    let mut at = 0;
    while at < octets.len() {
        let digits = octets.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(octet) if octets[at] == b'%' => {
                decoded.push(octet);
                at += 3;
            }
            _ => {
                decoded.push(octets[at]);
                at += 1;
            }
        }
    }
    decoded
}

pub(crate) fn find(octets: &[u8], wanted: &[u8]) -> Option<usize> {
    octets.windows(wanted.len()).position(|some| some == wanted)
}

fn replace(octets: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let (mut replaced, mut rest) = (Vec::new(), octets);
    while let Some(at) = find(rest, old) {
        replaced.extend_from_slice(&rest[..at]);
        replaced.extend_from_slice(new);
        rest = &rest[at + old.len()..];
    }
    replaced.extend_from_slice(rest);
    replaced
}

/// Which curl it is.
pub(crate) const VERSION: &str = "8.99";
/// A second of the suite is a tenth of one here.
pub(crate) const TIME_PASSES: u32 = 10;
