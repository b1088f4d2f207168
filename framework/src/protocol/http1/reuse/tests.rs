//! When a wire may serve again.

use super::*;

fn judge(request: &[&str], version: &str, fields: &str) -> Result<(), CloseReason> {
    judge_asked_in(Version::HTTP_11, request, version, fields)
}

fn judge_asked_in(asked_in: Version, request: &[&str], version: &str, fields: &str) -> Result<(), CloseReason> {
    let mut asked = ConnectionOptions::default();
    request.iter().for_each(|value| asked.add(value.as_bytes()));
    let response = ResponseHead::of(&format!("{version} 200 OK\r\n{fields}\r\n"));
    may_reuse(asked_in, asked, &response, BodyFraming::Length(0))
}

#[test]
fn http_1_1_persists_unless_someone_asks_to_close() {
    for fields in ["", "Connection: keep-alive\r\n", "Connection: closed\r\n", "Proxy-Connection: close\r\n"] {
        assert_eq!(judge(&[], "HTTP/1.1", fields), Ok(()), "{fields:?}");
    }
    for fields in [
        "Connection: close\r\n",
        "connection: CLOSE\r\n",
        "Connection: upgrade,\tClose \r\n",
        "Connection: keep-alive, close\r\n",
        "Connection: keep-alive\r\nConnection: x\r\nConnection: close\r\n",
    ] {
        assert_eq!(judge(&[], "HTTP/1.1", fields), Err(CloseReason::ServerAskedToClose), "{fields:?}");
    }
    assert_eq!(judge(&["keep-alive"], "HTTP/1.1", ""), Ok(()));
    assert_eq!(judge(&["keep-alive", "te, Close"], "HTTP/1.1", ""), Err(CloseReason::CallerAskedToClose));
}

#[test]
fn http_1_0_closes_unless_it_offers_to_persist() {
    let without = Err(CloseReason::Http10WithoutKeepAlive);
    assert_eq!(judge(&[], "HTTP/1.0", ""), without);
    assert_eq!(judge(&["keep-alive"], "HTTP/1.0", "Proxy-Connection: keep-alive\r\n"), without);
    assert_eq!(judge(&[], "HTTP/1.0", "Connection: Keep-Alive\r\n"), Ok(()));
    let both = judge(&[], "HTTP/1.0", "Connection: keep-alive, close\r\n");
    assert_eq!(both, Err(CloseReason::ServerAskedToClose));
}

#[test]
fn what_was_asked_in_http_1_0_persists_only_where_the_response_says_so() {
    let judge = |request: &[&str], fields: &str| {
        let [by_1_1, by_1_0] =
            ["HTTP/1.1", "HTTP/1.0"].map(|version| judge_asked_in(Version::HTTP_10, request, version, fields));
        assert_eq!(by_1_1, by_1_0);
        by_1_1
    };
    assert_eq!(judge(&[], ""), Err(CloseReason::Http10WithoutKeepAlive));
    assert_eq!(judge(&["keep-alive"], ""), Err(CloseReason::Http10WithoutKeepAlive));
    assert_eq!(judge(&[], "Connection: keep-alive\r\n"), Ok(()));
    assert_eq!(judge(&[], "Connection: close\r\n"), Err(CloseReason::ServerAskedToClose));
    assert_eq!(judge(&["close"], "Connection: keep-alive\r\n"), Err(CloseReason::CallerAskedToClose));
}

#[test]
fn http_0_9_closes_whatever_it_offers() {
    for fields in ["", "Connection: keep-alive\r\n"] {
        assert_eq!(judge(&[], "HTTP/0.9", fields), Err(CloseReason::Http10WithoutKeepAlive), "{fields:?}");
    }
}

#[test]
fn a_body_that_runs_until_close_takes_the_connection_with_it() {
    let response = ResponseHead::of("HTTP/1.1 200 OK\r\n\r\n");
    let verdict = may_reuse(Version::HTTP_11, ConnectionOptions::default(), &response, BodyFraming::UntilClose);
    assert_eq!(verdict, Err(CloseReason::BodyRunsUntilClose));
}

#[test]
fn a_fault_closes_for_a_reason() {
    assert_eq!(CloseReason::from(&Fault::BothFramings), CloseReason::BothFramings);
    assert_eq!(CloseReason::from(&Fault::NoResponse), CloseReason::PeerClosed);
    assert_eq!(CloseReason::from(&Fault::ChunkSize), CloseReason::ProtocolError);
}

#[test]
fn a_reason_reads_as_a_sentence() {
    assert_eq!(CloseReason::ServerAskedToClose.to_string(), "the server asked to close the connection");
}
