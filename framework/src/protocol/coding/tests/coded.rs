//! Content as others would code it.

use std::io::Write;

use zlib_rs::{Deflate, DeflateFlush, Status};
use zstd_safe::{CCtx, CParameter};

use crate::protocol::coding::Coding;

pub(super) fn coded(coding: Coding, content: &[u8]) -> Vec<u8> {
    match coding {
        Coding::Gzip => zlib(content, true, 31),
        Coding::Deflate => zlib(content, true, 15),
        Coding::Brotli => brotli(content, 22, false),
        Coding::Zstd => zstd(content, 17),
    }
}

/// In the order of the list, as a server applies them.
pub(super) fn stacked(codings: &[Coding], content: &[u8]) -> Vec<u8> {
    codings.iter().fold(content.to_vec(), |content, coding| coded(*coding, &content))
}

pub(super) fn bare_deflate(content: &[u8]) -> Vec<u8> {
    zlib(content, false, 15)
}

fn zlib(content: &[u8], framed: bool, bits: u8) -> Vec<u8> {
    let mut out = vec![0; content.len() + content.len() / 100 + 100];
    let mut deflate = Deflate::new(6, framed, bits);
    let status = deflate.compress(content, &mut out, DeflateFlush::Finish).unwrap();
    assert_eq!(status, Status::StreamEnd);
    out.truncate(deflate.total_out() as usize);
    out
}

pub(super) fn brotli(content: &[u8], window: i32, large: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let params =
        brotli::enc::BrotliEncoderParams { quality: 5, lgwin: window, large_window: large, ..Default::default() };
    brotli::CompressorWriter::with_params(&mut out, 4096, &params).write_all(content).unwrap();
    out
}

/// With a checksum, and a window of so many bits that is not cut to the content's length.
pub(super) fn zstd(content: &[u8], window: u32) -> Vec<u8> {
    let mut context = CCtx::create();
    context.set_parameter(CParameter::ChecksumFlag(true)).unwrap();
    context.set_parameter(CParameter::ContentSizeFlag(false)).unwrap();
    context.set_parameter(CParameter::WindowLog(window)).unwrap();
    let mut out = Vec::with_capacity(zstd_safe::compress_bound(content.len()) + 64);
    {
        let (mut to, mut from) = (zstd_safe::OutBuffer::around(&mut out), zstd_safe::InBuffer::around(content));
        let continued = zstd_safe::zstd_sys::ZSTD_EndDirective::ZSTD_e_continue;
        let _left = context.compress_stream2(&mut to, &mut from, continued).unwrap();
        let over = context.end_stream(&mut to).unwrap();
        assert_eq!(over, 0);
    }
    out
}
