//! What credentials show, and what they are good for.

use super::*;

#[test]
fn p7_debug_shows_nothing_of_credentials() {
    let all = [Credentials::new("us3r", "s3cret"), Credentials::bearer("s3cret")];
    assert_eq!(format!("{all:?}"), "[Credentials(..), Credentials(..)]");
}

#[test]
fn winhttp_names_the_schemes_by_these_bits() {
    let bits = |schemes: AuthSchemes| schemes.bits();
    assert_eq!(
        (bits(AuthSchemes::BASIC), bits(AuthSchemes::NTLM), bits(AuthSchemes::DIGEST), bits(AuthSchemes::NEGOTIATE)),
        (1, 2, 8, 0x10)
    );
    for scheme in AuthScheme::ALL {
        assert!(scheme.code().is_none_or(|code| code == bits(scheme.into())), "{scheme}");
        assert_eq!(AuthScheme::named(scheme.name().to_uppercase().as_bytes()), Some(scheme));
    }
    assert_eq!(AuthScheme::named(b"Blackmagic"), None);
}

#[test]
fn winhttp_a_05_credentials_that_the_scheme_has_no_use_for_are_at_fault() {
    let (password, token) = (Credentials::from(("a", "b")), Credentials::bearer("t"));
    let fault = |credentials: &Credentials, scheme: AuthScheme| credentials.fault(scheme.into()).is_some();
    assert!(!fault(&password, AuthScheme::Basic) && !fault(&password, AuthScheme::Digest));
    assert!(
        fault(&password, AuthScheme::Bearer) && fault(&token, AuthScheme::Basic) && fault(&token, AuthScheme::Digest)
    );
    assert!(!fault(&token, AuthScheme::Bearer));
    assert!(password.fault(AuthSchemes::empty()).is_some());
}

#[test]
fn rfc7617_2_a_user_with_a_colon_and_control_characters_are_no_basic_credentials() {
    let basic = AuthSchemes::BASIC;
    assert!(Credentials::new("a:b", "c").fault(basic).is_some());
    assert!(Credentials::new("a:b", "c").fault(AuthSchemes::all()).is_none(), "Digest has a use for it");
    assert!(!Credentials::new("a:b", "c").schemes().has(AuthScheme::Basic));
    for (user, password) in [("a\r\nX: y", "b"), ("a", "b\n"), ("a\0", "b"), ("a", "\u{85}")] {
        assert!(Credentials::new(user, password).fault(basic).is_some(), "{user:?} {password:?}");
    }
    assert!(Credentials::new("", "").fault(basic).is_none());
    for token in ["", "a b", "a\r\nX: y", "\u{e4}"] {
        assert!(Credentials::bearer(token).fault(AuthSchemes::BEARER).is_some(), "{token:?}");
    }
}
