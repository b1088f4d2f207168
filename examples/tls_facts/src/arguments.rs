//! The command line.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Parser, ValueEnum};
use hinternet::Timeouts;
use hinternet::tls::{Certificate, ClientIdentity, TlsOptions, TlsVersions};

/// Prints the chain, cipher and protocol of a secure host, or says why it is not secure.
#[derive(Debug, Parser)]
#[command(name = "tls_facts", version, max_term_width = 100)]
pub(crate) struct Arguments {
    /// The host, with its port if that is not 443: www.example.com, 127.0.0.1:8443, or an https URL. Without one the
    /// program looks at one of its own
    #[arg(value_name = "HOST", value_parser = host)]
    host: Option<String>,

    /// Trust the authorities in this PEM file, too
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,

    /// Show the server this certificate, with those that vouch for it (PEM)
    #[arg(long, value_name = "FILE", requires = "client_key")]
    client_certificate: Option<PathBuf>,

    /// The private key of the client certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "client_certificate")]
    client_key: Option<PathBuf>,

    /// Offer only this version of TLS
    #[arg(long, value_name = "VERSION", value_enum)]
    tls: Option<Version>,

    /// Give each step so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Version {
    #[value(name = "1.2")]
    Only12,
    #[value(name = "1.3")]
    Only13,
}

impl Arguments {
    /// `None`: a host of the program's own is meant.
    pub(crate) fn origin(&self) -> Option<String> {
        self.host.as_ref().map(|host| format!("https://{host}"))
    }

    pub(crate) fn timeouts(&self) -> Timeouts {
        Timeouts::all(Duration::from_secs(self.timeout))
    }

    /// Fails with a sentence that names the file.
    pub(crate) fn tls(&self) -> Result<TlsOptions, String> {
        let mut tls = TlsOptions::new();
        if let Some(file) = &self.trust {
            let authorities = Certificate::from_pem(&read(file)?);
            tls = tls.trust(authorities.map_err(|error| format!("{}: {error}", file.display()))?);
        }
        if let (Some(chain), Some(key)) = (&self.client_certificate, &self.client_key) {
            let identity = ClientIdentity::from_pem(&read(chain)?, &read(key)?);
            let of_both = |error| format!("{} with {}: {error}", chain.display(), key.display());
            tls = tls.client_identity(identity.map_err(of_both)?);
        }
        Ok(match self.tls {
            None => tls,
            Some(Version::Only12) => tls.versions(TlsVersions::Only12),
            Some(Version::Only13) => tls.versions(TlsVersions::Only13),
        })
    }
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))
}

/// A host with or without `https://` before it; what stands behind it is of no interest here.
fn host(text: &str) -> Result<String, String> {
    let host = match text.split_once("://") {
        Some(("https", rest)) => rest,
        Some((scheme, _)) => return Err(format!("{scheme} has no TLS to look at; name a host, or an https URL")),
        None => text,
    };
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    // Read as the library reads it, so that what is refused is refused here.
    hinternet::Target::parse(&format!("https://{host}/")).map_err(|error| error.to_string())?;
    Ok(host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_taken_out_of_what_is_pasted() {
        for (pasted, taken) in [
            ("www.example.com", "www.example.com"),
            ("127.0.0.1:8443", "127.0.0.1:8443"),
            ("[::1]:8443", "[::1]:8443"),
            ("https://www.example.com/a?b#c", "www.example.com"),
        ] {
            assert_eq!(host(pasted).as_deref(), Ok(taken));
        }
    }

    #[test]
    fn what_is_no_host_is_refused_with_a_sentence() {
        for (text, sentence) in [
            ("http://x/", "http has no TLS"),
            ("", "empty host"),
            ("a b", "invalid"),
            ("x:0", "port 0"),
            ("u@x", "user name"),
        ] {
            let refusal = host(text).unwrap_err();
            assert!(refusal.contains(sentence), "{text}: {refusal}");
        }
    }
}
