//! The command line.

use std::path::PathBuf;

use clap::Parser;

/// Downloads files, several at once. One that was broken off, or stopped by Ctrl-C, is gone on with by the same command. Without
/// arguments the program shows what it can with a server of its own.
#[derive(Debug, Parser)]
#[command(name = "download", version, max_term_width = 100)]
pub(crate) struct Arguments {
    /// What to download, and into which file
    #[arg(value_names = ["URL", "FILE"])]
    pairs: Vec<String>,

    /// What the file has to hash to; for a single one
    #[arg(long, value_name = "HEX")]
    sha256: Option<String>,

    /// Show the first octets of each file, so many at most
    #[arg(long, value_name = "OCTETS", default_value_t = 0)]
    prefix: u64,

    /// Show the head of each answer as it came
    #[arg(long)]
    pub(crate) head: bool,
}

/// One file.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) url: String,
    pub(crate) file: PathBuf,
    pub(crate) wanted: Wanted,
}

/// What is asked of its content.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// In hexadecimal digits, lower case.
    pub(crate) sha256: Option<String>,
    /// So many of its first octets are to be shown.
    pub(crate) prefix: u64,
}

impl Arguments {
    /// Empty: none are given. An error is a sentence.
    pub(crate) fn jobs(&self) -> Result<Vec<Job>, String> {
        let sha256 = self.sha256.as_ref().map(|hex| hex.to_ascii_lowercase());
        if sha256.as_ref().is_some_and(|hex| hex.len() != 64 || !hex.bytes().all(|digit| digit.is_ascii_hexdigit())) {
            return Err("a SHA-256 has 64 hexadecimal digits".to_owned());
        }
        let (pairs, rest) = self.pairs.as_chunks::<2>();
        if let [url] = rest {
            return Err(format!("into which file goes {url}?"));
        }
        if sha256.is_some() && pairs.len() != 1 {
            return Err("--sha256 is for a single file".to_owned());
        }
        let wanted = Wanted { sha256, prefix: self.prefix };
        let job = |[url, file]: &[String; 2]| Job { url: url.clone(), file: file.into(), wanted: wanted.clone() };
        Ok(pairs.iter().map(job).collect())
    }
}
