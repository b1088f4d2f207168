//! Records of TLS that no honest server writes, and that are authentic all the same: of any type and of any length.
//!
//! rustls writes what it is given as data, in records of 16 KiB at most. What encrypts a record here looks into it: behind a mark
//! stands of which type the record is to be, how long, and what it is filled with.

use std::sync::{Arc, OnceLock};

use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::crypto::cipher::{
    AeadKey, Iv, KeyBlockShape, MessageDecrypter, MessageEncrypter, OutboundOpaqueMessage, OutboundPlainMessage,
    Tls12AeadAlgorithm, Tls13AeadAlgorithm, UnsupportedOperationError,
};
use rustls::{
    CipherSuiteCommon, ConnectionTrafficSecrets, ContentType, Error, SupportedCipherSuite, Tls12CipherSuite,
    Tls13CipherSuite,
};

/// What a server that forges records is given to write for one of this type, which has so many octets: these, again and again.
pub(crate) fn record(kind: u8, length: usize, octets: &[u8]) -> Vec<u8> {
    let length = u32::try_from(length).expect("no record is as long").to_be_bytes();
    [&MARK[..], &[kind], &length, octets].concat()
}

/// The usual provider, whose ciphers forge records.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    static SUITES: OnceLock<Vec<SupportedCipherSuite>> = OnceLock::new();
    let honest = default_provider();
    let suites = SUITES.get_or_init(|| honest.cipher_suites.iter().copied().map(forging).collect());
    Arc::new(CryptoProvider { cipher_suites: suites.clone(), ..honest })
}

/// Those that there are live as long as the program, and so do these.
fn forging(honest: SupportedCipherSuite) -> SupportedCipherSuite {
    let same =
        |CipherSuiteCommon { suite, hash_provider, confidentiality_limit }: &CipherSuiteCommon| CipherSuiteCommon {
            suite: *suite,
            hash_provider: *hash_provider,
            confidentiality_limit: *confidentiality_limit,
        };
    match honest {
        SupportedCipherSuite::Tls12(suite) => SupportedCipherSuite::Tls12(Box::leak(Box::new(Tls12CipherSuite {
            common: same(&suite.common),
            prf_provider: suite.prf_provider,
            kx: suite.kx,
            sign: suite.sign,
            aead_alg: Box::leak(Box::new(Forging(suite.aead_alg))),
        }))),
        SupportedCipherSuite::Tls13(suite) => SupportedCipherSuite::Tls13(Box::leak(Box::new(Tls13CipherSuite {
            common: same(&suite.common),
            hkdf_provider: suite.hkdf_provider,
            aead_alg: Box::leak(Box::new(Forging(suite.aead_alg))),
            quic: None,
        }))),
    }
}

/// A cipher, but for what it writes.
struct Forging<A: ?Sized + 'static>(&'static A);

impl Tls12AeadAlgorithm for Forging<dyn Tls12AeadAlgorithm> {
    fn encrypter(&self, key: AeadKey, iv: &[u8], extra: &[u8]) -> Box<dyn MessageEncrypter> {
        Box::new(Encrypter(self.0.encrypter(key, iv, extra)))
    }

    fn decrypter(&self, key: AeadKey, iv: &[u8]) -> Box<dyn MessageDecrypter> {
        self.0.decrypter(key, iv)
    }

    fn key_block_shape(&self) -> KeyBlockShape {
        self.0.key_block_shape()
    }

    fn extract_keys(
        &self,
        key: AeadKey,
        iv: &[u8],
        explicit: &[u8],
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        self.0.extract_keys(key, iv, explicit)
    }
}

impl Tls13AeadAlgorithm for Forging<dyn Tls13AeadAlgorithm> {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        Box::new(Encrypter(self.0.encrypter(key, iv)))
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        self.0.decrypter(key, iv)
    }

    fn key_len(&self) -> usize {
        self.0.key_len()
    }

    fn extract_keys(&self, key: AeadKey, iv: Iv) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        self.0.extract_keys(key, iv)
    }
}

struct Encrypter(Box<dyn MessageEncrypter>);

impl MessageEncrypter for Encrypter {
    fn encrypt(&mut self, message: OutboundPlainMessage<'_>, number: u64) -> Result<OutboundOpaqueMessage, Error> {
        let octets = message.payload.to_vec();
        let Some((typ, wanted)) = wanted(&octets) else { return self.0.encrypt(message, number) };
        let forged = OutboundPlainMessage { typ, version: message.version, payload: wanted[..].into() };
        self.0.encrypt(forged, number)
    }

    fn encrypted_payload_len(&self, length: usize) -> usize {
        self.0.encrypted_payload_len(length)
    }
}

/// What stands behind the mark, if there is one.
fn wanted(octets: &[u8]) -> Option<(ContentType, Vec<u8>)> {
    let (kind, rest) = octets.strip_prefix(&MARK[..])?.split_first()?;
    let (length, filling) = rest.split_first_chunk()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    Some(((*kind).into(), filling.iter().copied().cycle().take(length).collect()))
}

/// Nothing that a server says begins so.
const MARK: &[u8; 8] = b"\0forged\0";
