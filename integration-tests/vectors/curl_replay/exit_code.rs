//! Which of curl's exit codes an error stands for.

use std::fmt;

use hinternet::{Blame, Error, ErrorCode, Stage};

/// How the program ended.
#[derive(Debug)]
pub(crate) enum Exit {
    /// By a decision of the program's own, with curl's number.
    Code(i32),
    /// By an error of the library's.
    Failed(Error),
}

impl Exit {
    /// Would curl have ended with this number? One of our codes may stand for several of curl's, which draws some lines elsewhere.
    pub(crate) fn covers(&self, code: i32) -> bool {
        match self {
            Self::Code(ours) => *ours == code,
            Self::Failed(error) => codes(error).contains(&code),
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "{code}"),
            Self::Failed(error) => write!(f, "{:?} ({error})", codes(error)),
        }
    }
}

fn codes(error: &Error) -> &'static [i32] {
    match (error.code(), error.stage()) {
        (ErrorCode::UnrecognizedScheme, _) => &[UNSUPPORTED_PROTOCOL],
        (ErrorCode::InvalidUrl, _) => &[URL_MALFORMAT],
        (ErrorCode::NameNotResolved, _) => &[COULDNT_RESOLVE_HOST],
        (ErrorCode::CannotConnect, _) => &[COULDNT_CONNECT],
        (ErrorCode::Timeout, _) => &[OPERATION_TIMEDOUT],
        // No tunnel: the proxy says no, or nothing that is HTTP.
        (ErrorCode::InvalidServerResponse, Stage::Tunnel) => {
            &[COULDNT_CONNECT, WEIRD_SERVER_REPLY, BAD_FUNCTION_ARGUMENT, RECV_ERROR]
        }
        (_, Stage::Tunnel) => &[COULDNT_CONNECT],
        // The wire ended before any octet of an answer, or within the body.
        (ErrorCode::ConnectionError, Stage::FirstByte) => &[GOT_NOTHING],
        (ErrorCode::ConnectionError, Stage::Head) => &[WEIRD_SERVER_REPLY, PARTIAL_FILE],
        (ErrorCode::ConnectionError, _) => &[PARTIAL_FILE, RECV_ERROR],
        (ErrorCode::InvalidServerResponse, Stage::Body) => &[RECV_ERROR, WEIRD_SERVER_REPLY, BAD_CONTENT_ENCODING],
        // A version that is not spoken, no HTTP at all, a head that breaks the rules, a transfer coding nobody asked for, a length
        // beyond all counting.
        (ErrorCode::InvalidServerResponse, _) => {
            &[UNSUPPORTED_PROTOCOL, WEIRD_SERVER_REPLY, BAD_CONTENT_ENCODING, FILESIZE_EXCEEDED]
        }
        // What has gone out in chunks cannot go out again, to a server that knows no chunks above all.
        (ErrorCode::ResendRequest, _) => &[UPLOAD_FAILED],
        // The program's own veto: of a Location that curl cannot read.
        (ErrorCode::RedirectFailed, _) if error.blame() == Blame::Caller => &[URL_MALFORMAT],
        (ErrorCode::RedirectFailed, _) => &[TOO_MANY_REDIRECTS],
        (ErrorCode::HeaderCountExceeded | ErrorCode::HeaderSizeOverflow, _) => &[TOO_LARGE],
        _ => &[],
    }
}

pub(crate) const UNSUPPORTED_PROTOCOL: i32 = 1;
pub(crate) const FAILED_INIT: i32 = 2;
pub(crate) const URL_MALFORMAT: i32 = 3;
pub(crate) const COULDNT_RESOLVE_PROXY: i32 = 5;
pub(crate) const COULDNT_RESOLVE_HOST: i32 = 6;
pub(crate) const COULDNT_CONNECT: i32 = 7;
pub(crate) const WEIRD_SERVER_REPLY: i32 = 8;
pub(crate) const PARTIAL_FILE: i32 = 18;
pub(crate) const HTTP_RETURNED_ERROR: i32 = 22;
pub(crate) const WRITE_ERROR: i32 = 23;
pub(crate) const UPLOAD_FAILED: i32 = 25;
pub(crate) const READ_ERROR: i32 = 26;
pub(crate) const OPERATION_TIMEDOUT: i32 = 28;
pub(crate) const RANGE_ERROR: i32 = 33;
pub(crate) const BAD_FUNCTION_ARGUMENT: i32 = 43;
pub(crate) const TOO_MANY_REDIRECTS: i32 = 47;
pub(crate) const SETOPT_OPTION_SYNTAX: i32 = 49;
pub(crate) const GOT_NOTHING: i32 = 52;
pub(crate) const RECV_ERROR: i32 = 56;
pub(crate) const BAD_CONTENT_ENCODING: i32 = 61;
pub(crate) const FILESIZE_EXCEEDED: i32 = 63;
pub(crate) const TOO_LARGE: i32 = 100;
