//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use hinternet::tls::{Certificate, TlsOptions};
use hinternet::{Protocols, Session, SessionBuilder, Timeouts};

/// Shows HTTP/2 at work, or says what a server speaks.
#[derive(Debug, Parser)]
#[command(name = "http2_facts", version, max_term_width = 100)]
pub(crate) struct Arguments {
    /// Ask this server what it speaks. Without a URL the program shows what HTTP/2 is like on a server of its own
    pub(crate) url: Option<String>,

    /// HTTP/2 or nothing: without TLS the server is known to speak it
    #[arg(long, requires = "url")]
    require: bool,

    /// Trust the authorities in this PEM file, too
    #[arg(long, value_name = "FILE", requires = "url")]
    trust: Option<PathBuf>,

    /// Give each step so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
}

impl Arguments {
    /// Fails with a sentence that names the file.
    pub(crate) fn session(&self) -> Result<SessionBuilder, String> {
        let mut tls = TlsOptions::new();
        if let Some(file) = &self.trust {
            let named = |error: String| format!("{}: {error}", file.display());
            let pem = std::fs::read(file).map_err(|error| named(error.to_string()))?;
            tls = tls.trust(Certificate::from_pem(&pem).map_err(|error| named(error.to_string()))?);
        }
        let protocols = if self.require { Protocols::RequireHttp2 } else { Protocols::PreferHttp2 };
        let timeouts = Timeouts::all(Duration::from_secs(self.timeout));
        Ok(Session::builder().protocols(protocols).tls(tls).timeouts(timeouts))
    }
}
