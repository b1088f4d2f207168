//! The schemes that show the secret as it is: Basic (RFC 7617) and Bearer (RFC 6750).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::HeaderValue;
use zeroize::Zeroizing;

/// `None` for what Basic cannot say: a user with a colon, control characters. In UTF-8, which is what servers that ask for a charset
/// may ask for, and what the others mean.
pub(crate) fn basic(user: &str, password: &str) -> Option<HeaderValue> {
    if user.contains(':') || user.chars().chain(password.chars()).any(char::is_control) {
        return None;
    }
    let pair = Zeroizing::new([user, ":", password].concat());
    let mut value = Zeroizing::new(String::from("Basic "));
    BASE64_STANDARD.encode_string(pair.as_bytes(), &mut value);
    secret(value.as_bytes())
}

/// `None` for what no field can hold.
pub(crate) fn bearer(token: &str) -> Option<HeaderValue> {
    if token.is_empty() || !token.bytes().all(|octet| octet.is_ascii_graphic()) {
        return None;
    }
    let value = Zeroizing::new(["Bearer ", token].concat());
    secret(value.as_bytes())
}

/// Never shown, and not put into a table of compression (RFC 7541 7.1.3).
pub(super) fn secret(value: &[u8]) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_bytes(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: Option<HeaderValue>) -> String {
        let value = value.unwrap();
        assert!(value.is_sensitive());
        value.to_str().unwrap().to_owned()
    }

    #[test]
    fn rfc7617_2_the_example() {
        assert_eq!(shown(basic("Aladdin", "open sesame")), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    }

    #[test]
    fn rfc7617_2_1_user_and_password_in_utf_8() {
        assert_eq!(shown(basic("test", "123\u{a3}")), "Basic dGVzdDoxMjPCow==");
    }

    #[test]
    fn a_password_may_hold_a_colon_and_a_user_may_not() {
        assert_eq!(shown(basic("a", "b:c")), "Basic YTpiOmM=");
        assert_eq!(shown(basic("", "")), "Basic Og==");
        for (user, password) in [("a:b", "c"), ("a\r\n", "b"), ("a", "b\0"), ("a", "\u{7f}")] {
            assert_eq!(basic(user, password), None, "{user:?} {password:?}");
        }
    }

    #[test]
    fn rfc6750_2_1_a_token_is_shown_as_it_is() {
        assert_eq!(shown(bearer("mF_9.B5f-4.1JqM")), "Bearer mF_9.B5f-4.1JqM");
        for token in ["", "a b", "a\r\nX: y", "\u{e4}"] {
            assert_eq!(bearer(token), None, "{token:?}");
        }
    }
}
