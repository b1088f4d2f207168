//! The server cases of x509-limbo: first by rustls' verifier alone, whose tolerances are thereby pinned, then by handshakes.
//!
//! What rustls tolerates or refuses otherwise than the suite wants is in the list of known differences. Each case that comes with a
//! key is also played as a handshake of this crate's client, as of the time of the case: the verdict must be that of the verifier
//! (`handshake/...`). So the client is no worse than rustls alone, and no better.

mod runner;

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hinternet::network::{Destination, Dialer, Dialing};
use hinternet::tls::danger::VerifyAt;
use hinternet::tls::{Certificate, TlsOptions};
use hinternet::{DialOptions, ErrorCode, Session};
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;
use integration_tests::tls::Tls;
use runner::{Case, Suite, Verdict, judge, list, read_json, text};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, ServerName, UnixTime};
use serde_json::Value;

fn main() -> ExitCode {
    let suite = Suite {
        name: "x509_limbo",
        place: "x509-limbo/limbo-core.json",
        cases: 184 + 167,
        known_differences: include_str!("x509_limbo.known_differences"),
        most_known: 62,
    };
    suite.run(|place| async move { play_all(&place).await })
}

async fn play_all(file: &Path) -> Vec<Case> {
    let vectors = read_json(file);
    let servers = list(&vectors["testcases"]).iter().filter(|vector| text(&vector["validation_kind"]) == "SERVER");
    let mut cases = Vec::new();
    let (mut alone, mut as_wanted) = (0, 0);
    for vector in servers {
        let id = text(&vector["id"]).to_owned();
        let wanted = text(&vector["expected_result"]) == "SUCCESS";
        let verdict = verify(vector);
        (alone, as_wanted) = (alone + 1, as_wanted + usize::from(verdict.is_ok() == wanted));
        let seen = verdict.clone();
        let compared = async move {
            match seen {
                Ok(()) if wanted => Ok(()),
                Err(_) if !wanted => Ok(()),
                Ok(()) => Err("accepted".to_owned()),
                Err(reason) => Err(format!("refused: {reason}")),
            }
        };
        cases.push(judge(id.clone(), None, compared).await);
        if may_be_played(vector) {
            let vector = vector.clone();
            let played = async move { shake_hands(&vector, verdict).await };
            cases.push(judge(format!("handshake/{id}"), None, played).await);
        }
    }
    let played: Vec<_> = cases.iter().filter(|case| case.id.starts_with("handshake/")).collect();
    let same = played.iter().filter(|case| matches!(case.verdict, Verdict::Passed)).count();
    println!(
        "rustls alone decides {as_wanted} of {alone} as the suite wants; in {same} of {} handshakes the client decides as rustls",
        played.len()
    );
    cases
}

/// The verdict of rustls' own verifier.
fn verify(vector: &Value) -> Result<(), String> {
    let mut roots = RootCertStore::empty();
    for trusted in certificates(&vector["trusted_certs"]) {
        roots.add(trusted).map_err(|error| error.to_string())?;
    }
    let mut builder = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::new(default_provider()));
    let lists = vector["crls"].as_array().map(Vec::as_slice).unwrap_or_default();
    let lists: Result<Vec<_>, _> =
        lists.iter().map(|one| CertificateRevocationListDer::from_pem_slice(text(one).as_bytes())).collect();
    builder = builder.with_crls(lists.map_err(|error| error.to_string())?).allow_unknown_revocation_status();
    let verifier = builder.build().map_err(|error| error.to_string())?;
    let name = vector["expected_peer_name"]["value"].as_str().ok_or("no name to look for")?;
    let name = ServerName::try_from(name).map_err(|error| error.to_string())?;
    let leaf = certificate(&vector["peer_certificate"]);
    let others = certificates(&vector["untrusted_intermediates"]);
    let now = UnixTime::since_unix_epoch(moment(vector).duration_since(UNIX_EPOCH).expect("after 1970"));
    let verdict = verifier.verify_server_cert(&leaf, &others, &name, &[], now);
    verdict.map(drop).map_err(|error| error.to_string())
}

/// Is there all that a server and its client need, with a key that rustls can sign with? Revocation is told to this crate in another way, and has tests of its own.
fn may_be_played(vector: &Value) -> bool {
    let is_there = |key: &str| !vector[key].is_null();
    let is_told =
        is_there("peer_certificate_key") && is_there("expected_peer_name") && list(&vector["crls"]).is_empty();
    is_told && key(vector).is_some_and(|key| default_provider().key_provider.load_private_key(key).is_ok())
}

/// A handshake with a server that shows these certificates must come to the same.
async fn shake_hands(vector: &Value, verdict: Result<(), String>) -> Result<(), String> {
    let chain = std::iter::once(certificate(&vector["peer_certificate"]));
    let chain: Vec<_> = chain.chain(certificates(&vector["untrusted_intermediates"])).collect();
    let is_too_large = chain.iter().map(|one| one.len()).sum::<usize>() > LARGEST_MESSAGE;
    let origin =
        Origin::secure(&Tls::showing(chain, key(vector).expect("it was looked for")), |_| Reply::ok("ok")).await;
    let trusted = certificates(&vector["trusted_certs"]).into_iter().map(|der| Certificate::from_der(der.to_vec()));
    let options = TlsOptions::new().trust_only(trusted).dangerous(VerifyAt(moment(vector)));
    let recorder = Recorder::start();
    let dial = DialOptions::default().dialer(Always(origin.address()));
    let session = recorder.session(Session::builder().dial(dial).tls(options));
    let name = text(&vector["expected_peer_name"]["value"]);
    let name = if name.contains(':') { format!("[{name}]") } else { name.to_owned() };
    let answered = session.get(format!("https://{name}/")).map_err(|error| error.to_string())?.send().await;
    let answered = match answered {
        Ok(response) => response.bytes().await.map(drop),
        Err(error) => Err(error),
    };
    recorder.finish(session).await;
    match (&answered, &verdict) {
        (Ok(()), Ok(())) => Ok(()),
        (Err(error), Err(_)) if error.code() == ErrorCode::SecureFailure => {
            let flags = error.tls().map(|details| details.flags).unwrap_or(hinternet::SecureFailureFlags::empty());
            let about_certificate =
                !flags.is_empty() && !flags.contains(hinternet::SecureFailureFlags::SECURITY_CHANNEL_ERROR);
            if about_certificate || is_too_large {
                Ok(())
            } else {
                Err(format!("refused, but not for its certificate: {error}"))
            }
        }
        _ => Err(format!("the verifier says {verdict:?}, the handshake {answered:?}")),
    }
}

/// As of when: cases without a time are valid for centuries, or never.
fn moment(vector: &Value) -> SystemTime {
    let time = vector["validation_time"].as_str().map_or(Duration::from_secs(IN_2026), since_epoch);
    UNIX_EPOCH + time
}

/// `2024-03-01T00:00:00.999+00:00`, always in UTC.
fn since_epoch(time: &str) -> Duration {
    let (date, clock) = time.strip_suffix("+00:00").and_then(|time| time.split_once('T')).expect("a time in UTC");
    let numbers =
        |text: &str, mark| -> Vec<f64> { text.split(mark).map(|part| part.parse().expect("a number")).collect() };
    let (date, clock) = (numbers(date, '-'), numbers(clock, ':'));
    let (year, month, day) = (date[0] as u64, date[1] as u64, date[2] as u64);
    let is_leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let of_months = [31, if is_leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let days = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum::<u64>()
        + of_months.iter().take(month as usize - 1).sum::<u64>()
        + day
        - 1;
    Duration::from_secs(days * 86_400) + Duration::from_secs_f64(clock[0] * 3600.0 + clock[1] * 60.0 + clock[2])
}

fn key(vector: &Value) -> Option<PrivateKeyDer<'static>> {
    PrivateKeyDer::from_pem_slice(text(&vector["peer_certificate_key"]).as_bytes()).ok()
}

fn certificate(value: &Value) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(text(value).as_bytes()).expect("a certificate in PEM")
}

fn certificates(values: &Value) -> Vec<CertificateDer<'static>> {
    list(values).iter().map(certificate).collect()
}

/// Whatever is dialed, it is this server.
#[derive(Debug)]
struct Always(SocketAddr);

impl Dialer for Always {
    fn dial(&self, _: &Destination) -> Dialing {
        let address = self.0;
        Box::pin(async move {
            let stream = tokio::net::TcpStream::connect(address).await?;
            Ok(Box::new(stream) as Box<dyn hinternet::network::Stream>)
        })
    }

    fn wants_addresses(&self) -> bool {
        false
    }
}

/// What rustls takes in one message of a handshake; a longer chain is not even read.
const LARGEST_MESSAGE: usize = 0xffff;
const IN_2026: u64 = 1_780_000_000;
