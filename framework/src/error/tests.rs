//! The sentence, the size and the conversions of an error.

use super::*;

#[test]
fn d1_display_names_code_call_stage_and_subject() {
    let error = Error::new(
        ErrorCode::NameNotResolved,
        Operation::Send,
        Stage::Resolve,
        Blame::Network,
        "the system resolver knows no such host",
    )
    .about("www.x.invalid");
    assert_eq!(
        error.to_string(),
        "error 12007 NAME_NOT_RESOLVED in WinHttpSendRequest (send), resolving www.x.invalid: \
         the system resolver knows no such host"
    );
}

#[test]
fn d1_error_is_one_pointer_wide() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
    fn is_portable<T: Send + Sync + 'static>() {}
    is_portable::<Error>();
}

#[test]
fn display_and_debug_hide_the_query_string() {
    let error =
        Error::timeout(Operation::Receive, Stage::Head, Duration::from_secs(90)).with_url("http://h/p?token=s3cret");
    assert!(!format!("{error} {error:?}").contains("s3cret"));
    assert_eq!(error.url(), Some("http://h/p?token=s3cret"));
    assert!(error.to_string().contains("90s"), "{error}");
}

#[test]
fn an_error_survives_the_way_through_io_error() {
    let error = Error::parameter(Operation::AddHeader, "no");
    let back = Error::from(io::Error::from(error));
    assert_eq!(back.code(), ErrorCode::InvalidParameter);
    assert_eq!(back.operation(), Operation::AddHeader);
}

#[test]
fn codes_are_winhttp_numbers_and_names() {
    assert_eq!(ErrorCode::OperationCancelled.number(), 12017);
    assert_eq!(ErrorCode::OperationCancelled.name(), "OPERATION_CANCELLED");
    assert_eq!(ErrorCode::InvalidHandle.to_string(), "6 INVALID_HANDLE");
    let mut numbers: Vec<_> = ErrorCode::ALL.iter().map(|code| code.number()).collect();
    numbers.dedup();
    assert_eq!(numbers.len(), ErrorCode::ALL.len());
}
