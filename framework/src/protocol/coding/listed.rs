//! The codings that a response names, over all its `Content-Encoding` fields together (RFC 9110 section 8.4).

use std::fmt;

use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use super::fault::Fault;
use crate::options::Decompression;

/// A content coding that was compiled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// RFC 1952, and all its members.
    #[cfg(feature = "gzip")]
    Gzip,
    /// RFC 1950 by the rule (RFC 9110 section 8.4.1.2), bare RFC 1951 by habit.
    #[cfg(feature = "gzip")]
    Deflate,
    /// RFC 7932.
    #[cfg(feature = "brotli")]
    Brotli,
    /// RFC 8878, with the window of RFC 9659.
    #[cfg(feature = "zstd")]
    Zstd,
}

/// What is to be done with a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Listed {
    /// Nothing: it has no coding, or one that is not known or not wanted undone. It is delivered as it came.
    AsItCame,
    /// It is decoded from the last of these to the first.
    Coded(Vec<Coding>),
}

impl Listed {
    /// The same below a transfer coding, which is the last one applied.
    pub(crate) fn below(self, gzip: bool) -> Self {
        // Without the feature it is not known, and nobody could have asked for it.
        let is_it = |known: &&Known| gzip && known.0 == b"gzip";
        let outermost: Vec<_> = KNOWN.iter().filter(is_it).map(|known| known.2).collect();
        if outermost.is_empty() {
            return self;
        }
        Self::Coded(match self {
            Self::AsItCame => outermost,
            Self::Coded(codings) => [codings, outermost].concat(),
        })
    }
}

/// Which codings the body has, in the order they were applied.
///
/// One unknown coding among others makes the whole of it raw: what stands before it could not be undone, and its fields go on
/// describing what is delivered.
pub(crate) fn listed(headers: &HeaderMap, allowed: Decompression) -> Result<Listed, Fault> {
    let mut codings = Vec::new();
    for value in headers.get_all(CONTENT_ENCODING) {
        for name in value.as_bytes().split(|&octet| octet == b',').map(<[u8]>::trim_ascii) {
            if name.is_empty() || name.eq_ignore_ascii_case(b"identity") {
                continue;
            }
            let is_meant = |known: &&Known| known.0.eq_ignore_ascii_case(name) && allowed.contains(known.1);
            match KNOWN.iter().find(is_meant) {
                Some((_, _, coding)) => codings.push(*coding),
                None => return Ok(Listed::AsItCame),
            }
        }
    }
    match codings.len() {
        0 => Ok(Listed::AsItCame),
        count if count > MOST_CODINGS => Err(Fault::TooManyCodings),
        _ => Ok(Listed::Coded(codings)),
    }
}

impl fmt::Display for Coding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match *self {
            #[cfg(feature = "gzip")]
            Self::Gzip => "gzip",
            #[cfg(feature = "gzip")]
            Self::Deflate => "deflate",
            #[cfg(feature = "brotli")]
            Self::Brotli => "br",
            #[cfg(feature = "zstd")]
            Self::Zstd => "zstd",
        })
    }
}

/// A name, and what it stands for.
type Known = (&'static [u8], Decompression, Coding);

const KNOWN: &[Known] = &[
    #[cfg(feature = "gzip")]
    (b"gzip", Decompression::GZIP, Coding::Gzip),
    // RFC 9110 section 8.4.1.3: the same coding.
    #[cfg(feature = "gzip")]
    (b"x-gzip", Decompression::GZIP, Coding::Gzip),
    #[cfg(feature = "gzip")]
    (b"deflate", Decompression::DEFLATE, Coding::Deflate),
    #[cfg(feature = "brotli")]
    (b"br", Decompression::BROTLI, Coding::Brotli),
    #[cfg(feature = "zstd")]
    (b"zstd", Decompression::ZSTD, Coding::Zstd),
];
/// Over all fields together: each costs memory of its own, and multiplies what the next one may expand to (CVE-2022-32206,
/// CVE-2023-23916).
pub(super) const MOST_CODINGS: usize = 5;
