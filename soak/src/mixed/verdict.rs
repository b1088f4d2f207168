//! How an exchange ended, and whether that can be.

use std::fmt::Debug;

use hinternet::{ErrorCode, Result};

/// An error says what cannot be.
pub(super) type Verdict = std::result::Result<Ended, String>;

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// It succeeded.
    Well,
    /// It failed, as it must or may.
    AsExpected,
}

/// It must succeed.
pub(super) fn well<T>(result: Result<T>) -> std::result::Result<T, String> {
    result.map_err(|error| error.to_string())
}

/// It must fail, with one of these.
pub(super) fn fails<T: Debug>(result: Result<T>, codes: &[ErrorCode]) -> Verdict {
    match result {
        Ok(got) => Err(format!("it gave {}", short(&got))),
        Err(error) if codes.contains(&error.code()) => Ok(Ended::AsExpected),
        Err(error) => Err(error.to_string()),
    }
}

/// It may fail with one of these; what it gives is looked at.
pub(super) fn may_fail<T>(result: Result<T>, codes: &[ErrorCode], look: impl FnOnce(T) -> Verdict) -> Verdict {
    match result {
        Ok(got) => look(got),
        Err(error) if codes.contains(&error.code()) => Ok(Ended::AsExpected),
        Err(error) => Err(error.to_string()),
    }
}

/// It must be so.
pub(super) fn same<T: AsRef<[u8]>, U: AsRef<[u8]>>(got: T, due: U) -> Verdict {
    let (got, due) = (got.as_ref(), due.as_ref());
    if got == due {
        return Ok(Ended::Well);
    }
    let common = got.iter().zip(due).take_while(|(a, b)| a == b).count();
    Err(format!("{} octets came, {} were due, the first {common} of them are right", got.len(), due.len()))
}

/// It must hold.
pub(super) fn holds(is_so: bool, rule: &str) -> Verdict {
    if is_so { Ok(Ended::Well) } else { Err(rule.to_owned()) }
}

fn short(value: &impl Debug) -> String {
    format!("{value:?}").chars().take(200).collect()
}

/// What a network or a server may end an exchange with.
pub(super) const NETWORK: [ErrorCode; 5] = [
    ErrorCode::Timeout,
    ErrorCode::CannotConnect,
    ErrorCode::ConnectionError,
    ErrorCode::InvalidServerResponse,
    ErrorCode::SecureFailure,
];

/// What a call fails with whose handle, or whose ancestor, was closed or cancelled or is shut down.
pub(super) const CLOSED: [ErrorCode; 3] =
    [ErrorCode::OperationCancelled, ErrorCode::InvalidHandle, ErrorCode::Shutdown];
