//! Certificates of every kind, made on the spot: good ones, and one for each thing that can be wrong.
//!
//! ```no_run
//! use integration_tests::certificates::{Authority, Leaf};
//!
//! let authority = Authority::new("Authority of the test");
//! let good = authority.issue(Leaf::for_names(["good.example", "127.0.0.1"]));
//! let expired = authority.issue(Leaf::for_names(["good.example"]).expired());
//! let lists = vec![authority.revoke([&good])];
//! ```

use std::sync::atomic::{AtomicU64, Ordering};

use hinternet::tls::{Certificate, ClientIdentity, RevocationList};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber,
    date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// Somebody who vouches for others.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    der: CertificateDer<'static>,
    /// Its own certificate and those above it, but for the last: what a server has to show beside its own.
    between: Vec<CertificateDer<'static>>,
}

/// A certificate with its private key.
#[derive(Debug)]
pub struct Identity {
    /// The certificate, and those that a server has to show beside it.
    pub chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
    serial: SerialNumber,
}

/// What a certificate is to say.
#[derive(Clone, Debug)]
pub struct Leaf(CertificateParams);

impl Authority {
    /// One that vouches for itself. Its name must be its own.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn new(name: &str) -> Self {
        let params = params_of_authority(name);
        let key = KeyPair::generate().expect("a key");
        let der = params.self_signed(&key).expect("a certificate").der().clone();
        Self { issuer: Issuer::new(params, key), der, between: Vec::new() }
    }

    /// One that this one vouches for, changed as you like.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn intermediate(&self, name: &str, change: impl FnOnce(Leaf) -> Leaf) -> Self {
        let Leaf(params) = change(Leaf(params_of_authority(name)));
        let key = KeyPair::generate().expect("a key");
        let der = params.signed_by(&key, &self.issuer).expect("a certificate").der().clone();
        let between = std::iter::once(der.clone()).chain(self.between.clone()).collect();
        Self { issuer: Issuer::new(params, key), der, between }
    }

    /// Vouches for this.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn issue(&self, leaf: Leaf) -> Identity {
        let Leaf(params) = leaf;
        let key = KeyPair::generate().expect("a key");
        let der = params.signed_by(&key, &self.issuer).expect("a certificate").der().clone();
        let chain = std::iter::once(der).chain(self.between.clone()).collect();
        Identity { chain, key, serial: params.serial_number.expect("every leaf has a number") }
    }

    /// A list of those that are revoked, good for long.
    pub fn revoke<'a>(&self, revoked: impl IntoIterator<Item = &'a Identity>) -> RevocationList {
        RevocationList::from_der(self.list(revoked, 3000))
    }

    /// A list that is out of date.
    pub fn outdated_list(&self) -> RevocationList {
        RevocationList::from_der(self.list([], 2002))
    }

    fn list<'a>(&self, revoked: impl IntoIterator<Item = &'a Identity>, next_update: i32) -> Vec<u8> {
        let revoked_certs = revoked.into_iter().map(|one| RevokedCertParams {
            serial_number: one.serial.clone(),
            revocation_time: date_time_ymd(2001, 1, 1),
            reason_code: None,
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2001, 1, 1),
            next_update: date_time_ymd(next_update, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked_certs.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer).expect("a list").der().to_vec()
    }

    /// Its certificate, to be trusted.
    pub fn certificate(&self) -> Certificate {
        Certificate::from_der(self.der.to_vec())
    }

    /// Its certificate, for servers.
    pub fn der(&self) -> &CertificateDer<'static> {
        &self.der
    }
}

impl Identity {
    /// One that nobody vouches for but itself.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn self_signed(leaf: Leaf) -> Self {
        let Leaf(params) = leaf;
        let key = KeyPair::generate().expect("a key");
        let chain = vec![params.self_signed(&key).expect("a certificate").der().clone()];
        Self { chain, key, serial: params.serial_number.expect("every leaf has a number") }
    }

    /// The same certificate without those between it and its authority.
    pub fn alone(mut self) -> Self {
        self.chain.truncate(1);
        self
    }

    /// The same certificate with another's key.
    pub fn with_key_of(mut self, other: Self) -> Self {
        self.key = other.key;
        self
    }

    /// Its private key.
    pub fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()))
    }

    /// As who we are.
    ///
    /// # Panics
    /// When it is not one.
    pub fn client(&self) -> ClientIdentity {
        let chain = self.chain.iter().map(|der| Certificate::from_der(der.to_vec())).collect();
        ClientIdentity::from_der(chain, self.key.serialize_der()).expect("a certificate with its key")
    }

    /// Its key in PEM, for programs that read files.
    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    /// Its chain in PEM, for programs that read files.
    pub fn chain_pem(&self) -> String {
        self.chain.iter().map(|der| pem(der)).collect()
    }

    /// Its `SubjectPublicKeyInfo` in DER: what is pinned.
    pub fn public_key_info(&self) -> Vec<u8> {
        rcgen::PublicKeyData::subject_public_key_info(&self.key)
    }
}

impl Leaf {
    /// For a server of these names and addresses.
    ///
    /// # Panics
    /// When one of them is neither.
    pub fn for_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        let mut params = CertificateParams::new(names).expect("names and addresses");
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "A leaf");
        params.use_authority_key_identifier_extension = true;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        Self(numbered(params))
    }

    /// For a client of this name.
    pub fn for_client(name: &str) -> Self {
        let mut leaf = Self::for_names([]);
        leaf.0.distinguished_name.push(DnType::CommonName, name);
        leaf.for_clients()
    }

    /// Not for servers.
    pub fn for_clients(mut self) -> Self {
        self.0.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self
    }

    /// It expired on 2 January 2002.
    pub fn expired(mut self) -> Self {
        (self.0.not_before, self.0.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 1, 2));
        self
    }

    /// It begins on 3 January 3000.
    pub fn not_yet_valid(mut self) -> Self {
        (self.0.not_before, self.0.not_after) = (date_time_ymd(3000, 1, 3), date_time_ymd(3001, 1, 1));
        self
    }

    /// Its names cannot be read.
    pub fn with_broken_names(mut self) -> Self {
        self.0.subject_alt_names.clear();
        self.0.custom_extensions.push(CustomExtension::from_oid_content(&[2, 5, 29, 17], vec![0x30, 3, 0x82, 9, b'x']));
        self
    }

    /// It is an authority's, as many programs make those that sign themselves.
    pub fn as_authority(mut self) -> Self {
        self.0.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        self
    }
}

fn params_of_authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    numbered(params)
}

fn numbered(mut params: CertificateParams) -> CertificateParams {
    params.serial_number = Some(SerialNumber::from(NEXT.fetch_add(1, Ordering::Relaxed)));
    params
}

/// A certificate or a list in PEM, for programs that read files.
pub fn pem(der: &[u8]) -> String {
    armoured("CERTIFICATE", der)
}

/// A list of revoked certificates in PEM.
pub fn list_pem(list: &RevocationList) -> String {
    armoured("X509 CRL", list.der())
}

fn armoured(what: &str, der: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for line in der.chunks(48) {
        for three in line.chunks(3) {
            let bits = three.iter().fold(0_u32, |bits, octet| bits << 8 | u32::from(*octet)) << (8 * (3 - three.len()));
            for place in 0..4 {
                let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
                text.push(if place > three.len() { '=' } else { digit.into() });
            }
        }
        text.push('\n');
    }
    format!("-----BEGIN {what}-----\n{text}-----END {what}-----\n")
}

static NEXT: AtomicU64 = AtomicU64::new(100);
