//! The caller's options as a configuration of rustls.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{SystemTime, UNIX_EPOCH};

use rustls::client::{ClientSessionMemoryCache, Resumption};
use rustls::crypto::aws_lc_rs::{self, cipher_suite::TLS13_AES_128_GCM_SHA256};
use rustls::crypto::{CryptoProvider, hash::Hash};
use rustls::pki_types::UnixTime;
use rustls::time_provider::{DefaultTimeProvider, TimeProvider};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, KeyLogFile, SupportedProtocolVersion};

use super::checks::Checks;
use super::failure::TlsFailure;
use super::identity::Answering;
use super::judge::Judge;
use super::revocation::Lists;
use super::roots::{self, Authorities};
use super::witness::Seat;
use crate::options::TlsOptions;
use crate::options::tls::{Roots, TlsVersions};

/// The configuration for one origin.
pub(super) async fn config(
    options: TlsOptions,
    protocols: &[&[u8]],
    seat: Arc<Seat>,
) -> Result<ClientConfig, TlsFailure> {
    // Given to every builder, so that nothing hangs on what the rest of the program installs for the process.
    let provider = Arc::new(aws_lc_rs::default_provider());
    let parts = options.parts();
    let lists = parts.revocation.as_ref().map(Lists::read).transpose().map_err(TlsFailure::unusable)?;
    let authorities = authorities(&options, &provider).await?;
    let algorithms = provider.signature_verification_algorithms;
    let judge = Judge {
        strict: authorities.strict,
        passes_over_lists: authorities.passes_over_lists,
        checks: Checks { anchors: authorities.anchors, algorithms: algorithms.all, lists },
        algorithms,
        pins: parts.pins.clone(),
        sha256: sha256()?,
        dangers: parts.dangers,
        at_a_given_time: parts.verify_at.is_some(),
        seat: Arc::clone(&seat),
        warned: AtomicBool::new(false),
    };
    let clock: Arc<dyn TimeProvider> = match parts.verify_at {
        Some(time) => Arc::new(At(time)),
        None => Arc::new(DefaultTimeProvider),
    };
    let answering = Answering::new(&parts.client, &provider, seat).map_err(TlsFailure::identity)?;
    let mut config = ClientConfig::builder_with_details(provider, clock)
        .with_protocol_versions(versions(parts.versions))
        .map_err(|error| TlsFailure::unusable(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(judge))
        .with_client_cert_resolver(Arc::new(answering));
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    config.enable_sni = !parts.no_server_name;
    config.resumption = Resumption::store(Arc::new(ClientSessionMemoryCache::new(TICKETS)));
    if parts.key_log {
        config.key_log = Arc::new(KeyLogFile::new());
    }
    Ok(config)
}

async fn authorities(options: &TlsOptions, provider: &Arc<CryptoProvider>) -> Result<Authorities, TlsFailure> {
    if options.parts().roots != Roots::Platform {
        return roots::read(options.parts(), provider).map_err(TlsFailure::unusable);
    }
    let (options, provider) = (options.clone(), Arc::clone(provider));
    let reading = tokio::task::spawn_blocking(move || roots::read(options.parts(), &provider));
    match reading.await {
        Ok(read) => read.map_err(TlsFailure::unusable),
        Err(_) => Err(TlsFailure::unusable("the authorities this machine trusts were not read: the program is ending")),
    }
}

fn versions(versions: TlsVersions) -> &'static [&'static SupportedProtocolVersion] {
    match versions {
        TlsVersions::Both => &VERSIONS,
        TlsVersions::Only12 => &VERSIONS[1..],
        TlsVersions::Only13 => &VERSIONS[..1],
    }
}

/// The provider's SHA-256 stands in its suites alone.
pub(super) fn sha256() -> Result<&'static dyn Hash, TlsFailure> {
    let suite = TLS13_AES_128_GCM_SHA256.tls13().map(|suite| suite.common.hash_provider);
    suite.ok_or_else(|| TlsFailure::unusable("the cryptographic provider has no SHA-256"))
}

/// Judges as of a given time.
#[derive(Debug)]
struct At(SystemTime);

impl TimeProvider for At {
    fn current_time(&self) -> Option<UnixTime> {
        self.0.duration_since(UNIX_EPOCH).ok().map(UnixTime::since_unix_epoch)
    }
}

static VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
/// Of one server: TLS 1.3 takes a ticket a handshake.
const TICKETS: usize = 8;
