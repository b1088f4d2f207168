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
    /// `gzip`, and the connection's end behind it.
    Gzip,
    /// `gzip, chunked`.
    GzipChunked,
    /// More or other than these.
    Unknown,
}

impl Coding {
    /// What one field says behind another one.
    pub(super) fn of(value: &[u8], before: Self) -> Self {
        if before == Self::Unsaid && value.eq_ignore_ascii_case(b"chunked") {
            Self::Chunked
        } else {
            Self::of_others(value, before)
        }
    }

    #[cold]
    fn of_others(value: &[u8], before: Self) -> Self {
        list_members(value).fold(before, |before, name| match before {
            Self::Unsaid if name.eq_ignore_ascii_case(b"chunked") => Self::Chunked,
            Self::Unsaid if is_gzip(name) => Self::Gzip,
            Self::Gzip if name.eq_ignore_ascii_case(b"chunked") => Self::GzipChunked,
            _ => Self::Unknown,
        })
    }
}

/// RFC 9112 section 7.2: the same coding by two names.
fn is_gzip(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"gzip") || name.eq_ignore_ascii_case(b"x-gzip")
}

/// Is gzip among the codings of a TE field, and not with a weight of 0 (RFC 9110 section 10.1.4)?
#[cold]
pub(super) fn asks_for_gzip(te: &[u8]) -> bool {
    list_members(te).any(|one| {
        let mut parts = one.split(|&octet| octet == b';').map(<[u8]>::trim_ascii);
        parts.next().is_some_and(is_gzip) && !parts.any(is_no_weight)
    })
}

/// `q=0`, with any number of zeros behind it.
fn is_no_weight(parameter: &[u8]) -> bool {
    let weight = parameter.strip_prefix(b"q=").or_else(|| parameter.strip_prefix(b"Q="));
    weight.is_some_and(|weight| !weight.is_empty() && weight.iter().all(|octet| matches!(octet, b'0' | b'.')))
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
                self.said.coding = Coding::of(value, self.said.coding);
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

pub(super) fn list_members(value: &[u8]) -> impl Iterator<Item = &[u8]> {
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
