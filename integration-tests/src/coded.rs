//! Content as a server codes it (RFC 9110 section 8.4), and bodies that become more than anybody has memory for.

use std::io::Write;

use bytes::Bytes;
use zlib_rs::{Deflate, DeflateFlush, Status};
use zstd_safe::zstd_sys::ZSTD_EndDirective::{ZSTD_e_end, ZSTD_e_flush};
use zstd_safe::{CCtx, CParameter, InBuffer, OutBuffer};

/// A way to code content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coded {
    /// RFC 1952.
    Gzip,
    /// RFC 1950.
    Deflate,
    /// RFC 1951 under the same name, as some servers send it.
    BareDeflate,
    /// RFC 7932, with the largest window it has.
    Brotli,
    /// RFC 8878, with the largest window of RFC 9659, and a checksum.
    Zstd,
}

impl Coded {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Gzip, Self::Deflate, Self::BareDeflate, Self::Brotli, Self::Zstd];

    /// What `Content-Encoding` calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate | Self::BareDeflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }

    /// The content, coded.
    pub fn code(self, content: &[u8]) -> Bytes {
        let mut coder = Coder::new(self);
        let mut out = coder.put(content, false);
        out.extend(coder.put(&[], true));
        out.into()
    }

    /// Zeros by the mebibyte: what begins the body, and what each further mebibyte of zeros adds to it. It has no end.
    ///
    /// # Panics
    /// When the coder does not repeat itself.
    pub fn bomb(self) -> (Bytes, Bytes) {
        let zeros = vec![0; 1024 * 1024];
        let mut coder = Coder::new(self);
        let first = coder.put(&zeros, false);
        let (second, third) = (coder.put(&zeros, false), coder.put(&zeros, false));
        assert_eq!(second, third, "{self:?} repeats itself");
        (first.into(), third.into())
    }
}

/// What codes; each call is flushed.
enum Coder {
    Zlib(Deflate),
    Brotli(Option<Box<brotli::CompressorWriter<Vec<u8>>>>),
    Zstd(CCtx<'static>),
}

impl Coder {
    fn new(coded: Coded) -> Self {
        match coded {
            Coded::Gzip => Self::Zlib(Deflate::new(6, true, 15 + 16)),
            Coded::Deflate => Self::Zlib(Deflate::new(6, true, 15)),
            Coded::BareDeflate => Self::Zlib(Deflate::new(6, false, 15)),
            Coded::Brotli => Self::Brotli(Some(Box::new(brotli::CompressorWriter::new(Vec::new(), 4096, 5, 24)))),
            Coded::Zstd => {
                let mut context = CCtx::create();
                context.set_parameter(CParameter::ChecksumFlag(true)).expect("libzstd knows it");
                context.set_parameter(CParameter::WindowLog(23)).expect("libzstd knows it");
                Self::Zstd(context)
            }
        }
    }

    fn put(&mut self, content: &[u8], ends: bool) -> Vec<u8> {
        match self {
            Self::Zlib(deflate) => {
                let mut out = vec![0; content.len() + content.len() / 100 + 1024];
                let before = deflate.total_out();
                let flush = if ends { DeflateFlush::Finish } else { DeflateFlush::FullFlush };
                let status = deflate.compress(content, &mut out, flush).expect("the room is enough");
                assert!(!ends || status == Status::StreamEnd, "the room is enough");
                out.truncate((deflate.total_out() - before) as usize);
                out
            }
            Self::Brotli(writer) => {
                let mut open = writer.take().expect("it has not ended");
                open.write_all(content).expect("a vector takes everything");
                if ends {
                    return open.into_inner();
                }
                open.flush().expect("a vector takes everything");
                let out = std::mem::take(open.get_mut());
                *writer = Some(open);
                out
            }
            Self::Zstd(context) => {
                let mut out = Vec::with_capacity(zstd_safe::compress_bound(content.len()) + 1024);
                let end = if ends { ZSTD_e_end } else { ZSTD_e_flush };
                let (mut to, mut from) = (OutBuffer::around(&mut out), InBuffer::around(content));
                let left = context.compress_stream2(&mut to, &mut from, end).expect("the room is enough");
                assert_eq!(left, 0, "the room is enough");
                out
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bomb_repeats_itself() {
        for coded in Coded::ALL {
            let (begin, more) = coded.bomb();
            assert!(begin.len() < 4096 && more.len() < 4096, "{coded:?}: {} {}", begin.len(), more.len());
        }
    }
}
