//! What is read from certificates that say nothing, and what names a certificate can hold.

use rustls::pki_types::ServerName;

use super::*;
use crate::error::{ErrorCode, TlsAlert};

#[test]
fn what_cannot_be_read_is_no_certificate_and_no_crash() {
    for der in [&b""[..], b"\x30", b"\x30\x82\xff\xff", &[0x30; 4096]] {
        assert!(certificate::begin(der).is_none());
        assert!(!certificate::is_self_issued(der) && !certificate::may_serve(der));
        assert_eq!(certificate::public_key_info(der), None);
        assert_eq!(certificate::subject(der), "somebody");
        assert!(certificate::distinguished_name(der).starts_with("somebody"));
        assert_eq!(certificate::names(der), "nothing that can be read");
        assert_eq!(certificate::usages(der), "nothing that can be read");
    }
}

#[test]
fn a_name_from_a_certificate_is_shown_without_controls_and_not_for_ever() {
    // A `Name` of one common name, a UTF8String of `a ESC [ 2 J LF b`.
    let name = b"\x30\x12\x31\x10\x30\x0e\x06\x03\x55\x04\x03\x0c\x07a\x1b[2J\nb";
    assert_eq!(certificate::distinguished_name(name), "CN=a[2Jb");
    let mut long = b"\x30\x82\x01\x11\x31\x82\x01\x0d\x30\x82\x01\x09\x06\x03\x55\x04\x03\x0c\x82\x01\x00".to_vec();
    long.extend([b'x'; 256]);
    let shown = certificate::distinguished_name(&long);
    assert!(shown.starts_with("CN=xxx") && shown.len() == 200, "{} {shown}", shown.len());
}

#[test]
fn the_name_to_look_for_is_the_host_without_brackets_and_last_dot() {
    let name = |host| server_name(host).unwrap();
    assert_eq!(name("a.example."), ServerName::try_from("a.example").unwrap());
    assert_eq!(name("[::1]"), ServerName::try_from("::1").unwrap());
    assert_eq!(name("127.0.0.1"), ServerName::try_from("127.0.0.1").unwrap());
    for no_name in ["a..example", "-", ""] {
        let error = server_name(no_name).unwrap_err();
        assert!(error.to_string().contains("a name that a certificate can hold") && error.flags().is_none());
    }
}

#[test]
fn every_alert_of_rustls_has_its_name() {
    use rustls::AlertDescription as Alert;
    for number in 0..=u8::MAX {
        let ours = TlsAlert::Received(number).name().replace(['_', ' '], "");
        match Alert::from(number) {
            Alert::Unknown(_) => assert_eq!(ours, "anunknownalert", "{number}"),
            Alert::UnrecognisedName => assert_eq!(ours, "unrecognizedname"),
            // Of a draft, and not in the registry.
            Alert::EncryptedClientHelloRequired => assert_eq!(ours, "anunknownalert"),
            known => assert_eq!(ours, format!("{known:?}").to_lowercase(), "{number}"),
        }
    }
}

#[test]
fn a_client_certificate_is_needed_only_where_the_alert_may_mean_that() {
    use rustls::{AlertDescription as Alert, Error as TlsError};
    let asked = witness::Witness { asked: Some(Vec::new()), ..Default::default() };
    let code = |alert| {
        let failure = TlsFailure::of_wire(TlsError::AlertReceived(alert), &asked);
        failure.into_error(crate::error::Operation::Receive, crate::error::Stage::FirstByte).code()
    };
    for alert in [Alert::CertificateRequired, Alert::HandshakeFailure, Alert::BadCertificate, Alert::AccessDenied] {
        assert_eq!(code(alert), ErrorCode::ClientAuthCertNeeded, "{alert:?}");
    }
    for alert in [Alert::InternalError, Alert::BadRecordMac, Alert::DecodeError, Alert::UserCanceled] {
        assert_eq!(code(alert), ErrorCode::ConnectionError, "{alert:?}");
    }
}

#[test]
fn the_machines_authorities_are_read_once_for_all_origins_that_trust_the_same_beside_them() {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    // Any that can be read will do.
    let Some(any) = rustls_native_certs::load_native_certs().certs.pop() else { return };
    let options = || TlsOptions::new().trust([crate::options::tls::Certificate::from_der(any.to_vec())]);
    let anchors = |options: TlsOptions| roots::read(options.parts(), &provider).unwrap().anchors;
    let beside = anchors(options());
    assert!(Arc::ptr_eq(&beside, &anchors(options())));
    assert!(!Arc::ptr_eq(&beside, &anchors(TlsOptions::new())), "whom one names no other trusts");
}
