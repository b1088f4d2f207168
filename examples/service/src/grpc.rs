//! What gRPC has words of its own for: the deadline of a call, and why it failed.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use hinternet::tower::{CallOptions, ResponseBody};
use hinternet::{Connection, Error, ErrorCode, WireState};
use http_body_util::BodyExt;
use tokio::time::sleep;
use tonic::body::Body;
use tonic::{Code, Response, Status};
use tower::ServiceBuilder;
use tower::util::BoxCloneSyncService;

// ANCHOR: transport
/// What generated stubs call through. A connection could be that by itself; what this adds are the deadline and the status.
pub type Transport = BoxCloneSyncService<http::Request<Body>, http::Response<Body>, Status>;

/// Stubs with this transport call through the connection.
pub fn transport(connection: Connection) -> Transport {
    let body = |body: ResponseBody| Body::new(body.map_err(status));
    let service = ServiceBuilder::new()
        .map_request(with_deadline)
        .map_response(move |response: http::Response<ResponseBody>| response.map(body))
        .map_err(status)
        .service(connection);
    BoxCloneSyncService::new(service)
}
// ANCHOR_END: transport

// ANCHOR: deadline
/// `Request::set_timeout` tells the server how long a call may take. Here this side holds itself to it, too.
fn with_deadline(mut request: http::Request<Body>) -> http::Request<Body> {
    let field = request.headers().get("grpc-timeout").and_then(|field| field.to_str().ok());
    if let Some(time) = field.and_then(timeout) {
        request.extensions_mut().insert(CallOptions::new().timeout(time));
    }
    request
}
// ANCHOR_END: deadline

/// At most eight digits and a unit, as the gRPC protocol has it.
fn timeout(field: &str) -> Option<Duration> {
    let (number, unit) = field.split_at_checked(field.len().checked_sub(1)?)?;
    let number: u64 = number.parse().ok().filter(|_| number.len() <= 8 && !number.starts_with('+'))?;
    let time = match unit {
        "H" => Duration::from_secs(number * 3600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    };
    // None at all is one that has passed.
    Some(time.max(Duration::from_nanos(1)))
}

// ANCHOR: status
/// The status of a call that got none from its server. The error stays its source.
pub fn status(error: Error) -> Status {
    if let Some(own) = error.source().and_then(|source| source.downcast_ref::<Status>()) {
        return own.clone(); // the stub's own: a message that cannot be sent
    }
    let code = match (error.code(), error.http2_error_code()) {
        _ if error.wire_state() == WireState::RefusedByPeer => Code::Unavailable,
        (ErrorCode::Timeout, _) => Code::DeadlineExceeded,
        // RST_STREAM, as the gRPC protocol reads its codes.
        (_, Some(0..=4 | 6 | 9 | 10)) => Code::Internal,
        (_, Some(8)) => Code::Cancelled,
        (_, Some(11)) => Code::ResourceExhausted,
        (_, Some(12)) => Code::PermissionDenied,
        (_, Some(_)) => Code::Unknown,
        (ErrorCode::NameNotResolved | ErrorCode::CannotConnect | ErrorCode::ConnectionError, _) => Code::Unavailable,
        (ErrorCode::SecureFailure | ErrorCode::HttpProtocolMismatch, _) => Code::Unavailable,
        (ErrorCode::OperationCancelled | ErrorCode::InvalidHandle | ErrorCode::Shutdown, _) => Code::Cancelled,
        (ErrorCode::HeaderSizeOverflow | ErrorCode::HeaderCountExceeded, _) => Code::ResourceExhausted,
        _ => Code::Internal,
    };
    let mut status = Status::new(code, error.to_string());
    status.set_source(Arc::new(error));
    status
}
// ANCHOR_END: status

// ANCHOR: where_safe
/// Calls again, a few times and with growing pauses, where the server cannot have begun to act.
///
/// # Errors
/// The last status.
pub async fn where_safe<T>(
    mut call: impl AsyncFnMut(u32) -> Result<Response<T>, Status>,
) -> Result<Response<T>, Status> {
    let mut attempt = 1;
    loop {
        match call(attempt).await {
            Err(status) if attempt < ATTEMPTS && is_safe(&status) => {
                sleep(PAUSE * 2u32.pow(attempt - 1)).await;
                attempt += 1;
            }
            outcome => return outcome,
        }
    }
}

/// Nothing of the call was sent, or the server says that it has not looked at it.
fn is_safe(status: &Status) -> bool {
    let error = status.source().and_then(|source| source.downcast_ref::<Error>());
    error.is_some_and(|error| {
        error.is_retryable() && matches!(error.wire_state(), WireState::NotSent | WireState::RefusedByPeer)
    })
}
// ANCHOR_END: where_safe

const ATTEMPTS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_read_in_all_its_units() {
        let read = ["2H", "3M", "5S", "7m", "11u", "13n", "0n"].map(timeout);
        let (second, nano) = (Duration::from_secs(1), Duration::from_nanos(1));
        let times = [7200 * second, 180 * second, 5 * second, second * 7 / 1000, 11_000 * nano, 13 * nano, nano];
        assert_eq!(read, times.map(Some));
        assert_eq!(["", "5", "S", "-5S", "5é", "1 S"].map(timeout), [None; 6]);
        assert_eq!(timeout("99999999H"), Some(Duration::from_secs(99_999_999 * 3600)));
        assert_eq!(["100000000n", "18446744073709551615H", "+5S"].map(timeout), [None; 3]);
    }
}
