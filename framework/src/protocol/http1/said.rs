//! What the fields of a response say of its framing and of its wire, gathered while they are checked.

/// All that this library itself wants to know of a response's fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) coding: Coding,
    pub(super) length: Length,
    pub(super) connection: ConnectionOptions,
    /// There is a `Set-Cookie`.
    pub(super) sets_cookies: bool,
    /// There is a `Strict-Transport-Security`.
    pub(super) wants_https: bool,
    /// There is a `Content-Encoding`.
    pub(super) is_coded: bool,
}

/// What the Transfer-Encoding fields say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Coding {
    #[default]
    Unsaid,
    Chunked,
    /// More or other than a single `chunked`.
    Unknown,
}

/// What the Content-Length fields say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Length {
    #[default]
    Unsaid,
    Octets(u64),
    /// Not one decimal number.
    Unclear,
}

/// Reads field after field.
#[derive(Debug, Default)]
pub(super) struct Listener<'a> {
    said: Said,
    /// As it was first spelled.
    length: Option<&'a [u8]>,
}

impl<'a> Listener<'a> {
    pub(super) fn hear(&mut self, name: &[u8], value: &'a [u8]) {
        match name.len() {
            10 if name.eq_ignore_ascii_case(b"connection") => self.said.connection.add(value),
            10 if name.eq_ignore_ascii_case(b"set-cookie") => self.said.sets_cookies = true,
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                list_members(value).for_each(|one| self.add_length(one))
            }
            16 if name.eq_ignore_ascii_case(b"content-encoding") => self.said.is_coded = true,
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                let is_known = self.said.coding == Coding::Unsaid && value.eq_ignore_ascii_case(b"chunked");
                self.said.coding = if is_known { Coding::Chunked } else { Coding::Unknown };
            }
            25 if name.eq_ignore_ascii_case(b"strict-transport-security") => self.said.wants_https = true,
            _ => {}
        }
    }

    /// A repeated length is collapsed only if every copy is spelled alike (RFC 9110 section 8.6): `030, 30` is refused.
    fn add_length(&mut self, copy: &'a [u8]) {
        let first = *self.length.get_or_insert(copy);
        self.said.length = match (self.said.length, parse_decimal(copy)) {
            (Length::Unclear, _) | (_, None) => Length::Unclear,
            _ if copy != first => Length::Unclear,
            (_, Some(length)) => Length::Octets(length),
        };
    }

    pub(super) fn said(&self) -> Said {
        self.said
    }
}

fn list_members(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&octet| octet == b',').map(<[u8]>::trim_ascii)
}

/// `1*DIGIT` that fits: neither a sign, which `str::parse` takes, nor a wrapped number (RUSTSEC-2021-0078).
pub(super) fn parse_decimal(digits: &[u8]) -> Option<u64> {
    let add = |number: u64, octet: &u8| {
        let digit = octet.is_ascii_digit().then(|| u64::from(octet - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    };
    if digits.is_empty() { None } else { digits.iter().try_fold(0, add) }
}

/// The options in all Connection fields of a head that bear on its life. Proxy-Connection is not looked at: RFC 9112 appendix
/// C.2.2 tells how heeding it left connections hanging.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ConnectionOptions {
    pub(super) close: bool,
    pub(super) keep_alive: bool,
}

impl ConnectionOptions {
    pub(super) fn add(&mut self, field: &[u8]) {
        for option in list_members(field) {
            self.close |= option.eq_ignore_ascii_case(b"close");
            self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
        }
    }
}
