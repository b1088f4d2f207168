//! Happy eyeballs: attempts to the addresses of a host race, and a dead one costs a quarter of a second (RFC 8305; contract E, C.6).
//!
//! The clock stands still and the test ends every attempt, so what is said of time here is exact.

use std::net::IpAddr;
use std::time::Duration;

use hinternet::{Blame, DialOptions, ErrorCode, Limits, Method, Request, Session, SessionBuilder, Stage, Timeouts};
use integration_tests::memory_peer::in_virtual_time;
use integration_tests::recorder::Recorder;
use integration_tests::{Attempt, Attempts, FakeDialer, FakeResolver};
use tokio::task::JoinHandle;
use tokio::time::Instant;

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
const DELAY: Duration = Duration::from_millis(250);

/// A session whose one host has these addresses, and a request to it that is being sent.
struct Race {
    recorder: Recorder,
    session: Session,
    request: Request,
    attempts: Attempts,
    sending: JoinHandle<hinternet::Result<()>>,
    began: Instant,
}

impl Race {
    fn between(addresses: &[&str]) -> Self {
        Self::with(addresses, |dial| dial, |builder| builder)
    }

    fn with(
        addresses: &[&str],
        dial: impl FnOnce(DialOptions) -> DialOptions,
        build: impl FnOnce(SessionBuilder) -> SessionBuilder,
    ) -> Self {
        let recorder = Recorder::on_current_arbiter();
        let (dialer, attempts) = FakeDialer::new();
        let resolver = FakeResolver::knowing("many.example", addresses);
        let dial = dial(DialOptions::default().resolver(resolver).dialer(dialer));
        let session = recorder.session(build(Session::builder().dial(dial).on_current_arbiter()));
        let connection = session.connect("http://many.example").unwrap();
        let request = connection.open_request(Method::GET, "/").unwrap();
        let sent = request.clone();
        let sending = tokio::task::spawn_local(async move { sent.send(()).await });
        Self { recorder, session, request, attempts, sending, began: Instant::now() }
    }

    /// The next attempt: it goes there, and begins so long after the send.
    async fn attempt(&mut self, address: &str, after: Duration) -> Attempt {
        let attempt = self.attempts.next().await;
        assert_eq!(attempt.to.address.ip(), address.parse::<IpAddr>().unwrap());
        assert_eq!((attempt.to.host.as_str(), attempt.to.address.port()), ("many.example", 80));
        assert_eq!(attempt.at - self.began, after, "the attempt to {address}");
        attempt
    }

    async fn sent_after(&mut self, time: Duration) -> hinternet::Result<()> {
        let result = (&mut self.sending).await.unwrap();
        assert_eq!(self.began.elapsed(), time);
        result
    }

    /// Reads the answer, ends the session, and gives what the request was told of the dial.
    async fn answered(self) -> Vec<String> {
        self.request.receive_response().await.unwrap();
        assert_eq!(self.request.read_exact(5).await.unwrap(), "hello");
        assert!(self.request.read().await.unwrap().is_empty());
        self.end().await
    }

    async fn end(self) -> Vec<String> {
        let Self { recorder, session, request, attempts, .. } = self;
        assert!(attempts.is_empty(), "an attempt that nobody expected");
        let id = request.id();
        drop(request);
        recorder.wait_for_closing(id).await;
        let told = recorder.trace_of(id);
        recorder.finish(session).await;
        told.into_iter().filter(|one| one.contains("Connect") || one.starts_with("NameResolved")).collect()
    }
}

#[test]
fn s5_a_dead_first_address_costs_250_ms_and_no_timeout() {
    in_virtual_time(async {
        let mut race = Race::between(&["2001:db8::1", "192.0.2.1"]);
        let dead = race.attempt("2001:db8::1", Duration::ZERO).await;
        race.attempt("192.0.2.1", DELAY).await.connect(HELLO);
        race.sent_after(DELAY).await.unwrap();
        assert!(dead.is_given_up());
        assert_eq!(
            race.answered().await,
            [
                "NameResolved([[2001:db8::1]:80, 192.0.2.1:80])",
                "ConnectingToServer([2001:db8::1]:80)",
                "ConnectingToServer(192.0.2.1:80)",
                "ConnectAttemptEnded([2001:db8::1]:80: another address was faster)",
                "ConnectedToServer(192.0.2.1:80)",
            ]
        );
    });
}

#[test]
fn s5_an_address_that_refuses_costs_nothing() {
    in_virtual_time(async {
        let mut race = Race::between(&["2001:db8::1", "192.0.2.1"]);
        race.attempt("2001:db8::1", Duration::ZERO).await.refuse();
        race.attempt("192.0.2.1", Duration::ZERO).await.connect(HELLO);
        race.sent_after(Duration::ZERO).await.unwrap();
        assert_eq!(
            race.answered().await[1..],
            [
                "ConnectingToServer([2001:db8::1]:80)",
                "ConnectAttemptEnded([2001:db8::1]:80: connection refused)",
                "ConnectingToServer(192.0.2.1:80)",
                "ConnectedToServer(192.0.2.1:80)",
            ]
        );
    });
}

#[test]
fn s5_a_slow_first_address_may_still_win_and_the_later_ones_are_given_up() {
    in_virtual_time(async {
        let mut race = Race::between(&["192.0.2.1", "2001:db8::1", "192.0.2.2"]);
        let slow = race.attempt("192.0.2.1", Duration::ZERO).await;
        let second = race.attempt("2001:db8::1", DELAY).await;
        let third = race.attempt("192.0.2.2", DELAY * 2).await;
        slow.connect(HELLO);
        race.sent_after(DELAY * 2).await.unwrap();
        assert!(second.is_given_up() && third.is_given_up());
        assert_eq!(
            race.answered().await[4..],
            [
                "ConnectAttemptEnded([2001:db8::1]:80: another address was faster)",
                "ConnectAttemptEnded(192.0.2.2:80: another address was faster)",
                "ConnectedToServer(192.0.2.1:80)",
            ]
        );
    });
}

#[test]
fn s4_families_take_turns_and_five_addresses_are_tried_after_that() {
    in_virtual_time(async {
        let found = ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::4", "2001:db8::5", "192.0.2.1"];
        let mut race = Race::between(&found);
        for address in ["2001:db8::1", "192.0.2.1", "2001:db8::2", "2001:db8::3", "2001:db8::4"] {
            race.attempt(address, Duration::ZERO).await.refuse();
        }
        let error = race.sent_after(Duration::ZERO).await.unwrap_err();
        assert_eq!(
            (error.code(), error.stage(), error.blame()),
            (ErrorCode::CannotConnect, Stage::Connect, Blame::Network)
        );
        assert_eq!(
            error.to_string(),
            "error 12029 CANNOT_CONNECT in WinHttpSendRequest (send), connecting [2001:db8::4]:80: none of 5 addresses \
             accepted a connection; the last one: connection refused [http://many.example/]"
        );
        let told = race.end().await;
        assert_eq!(told.iter().filter(|one| one.starts_with("ConnectAttemptEnded")).count(), 5, "{told:?}");
    });
}

/// As many as a name server gives that means no good.
fn a_thousand() -> Vec<String> {
    (0..1000).map(|n| format!("198.18.{}.{}", n / 250, n % 250 + 1)).collect()
}

#[test]
fn f_of_a_thousand_addresses_five_are_tried_in_order_within_the_one_deadline() {
    in_virtual_time(async {
        let found = a_thousand();
        let mut race = Race::between(&found.iter().map(String::as_str).collect::<Vec<_>>());
        let mut holes = Vec::new();
        for (n, address) in (0..).zip(&found[..5]) {
            holes.push(race.attempt(address, DELAY * n).await);
        }
        let error = race.sent_after(Duration::from_secs(60)).await.unwrap_err();
        assert_eq!((error.code(), error.stage()), (ErrorCode::Timeout, Stage::Connect));
        assert!(error.to_string().contains("(the last of 5 addresses)"), "{error}");
        assert!(holes.iter().all(Attempt::is_given_up));
        let told = race.end().await;
        assert_eq!(told.len(), 1 + 5 + 5, "what was found, and each attempt with its end: {told:?}");
        assert_eq!(told[0].matches("198.18.").count(), 5, "nobody is told of more: {}", told[0]);
    });
}

#[test]
fn f_whoever_allows_a_thousand_addresses_is_given_as_many_as_the_deadline_lets() {
    in_virtual_time(async {
        let (mut limits, timeouts) = (Limits::default(), Timeouts::all(DELAY * 10));
        limits.addresses = 1000;
        let found = a_thousand();
        let all: Vec<_> = found.iter().map(String::as_str).collect();
        let mut race = Race::with(&all, |dial| dial, |builder| builder.limits(limits).timeouts(timeouts));
        let mut holes = Vec::new();
        for (n, address) in (0..).zip(&found[..10]) {
            holes.push(race.attempt(address, DELAY * n).await);
        }
        let error = race.sent_after(DELAY * 10).await.unwrap_err();
        assert!(error.to_string().contains("(the last of 10 addresses)"), "{error}");
        assert!(holes.iter().all(Attempt::is_given_up));
        race.end().await;

        // Each refuses at once, so that no deadline ends it: what a session takes of an answer does.
        let mut race = Race::with(&all, |dial| dial, |builder| builder.limits(limits));
        for address in &found[..256] {
            race.attempt(address, Duration::ZERO).await.refuse();
        }
        let error = race.sent_after(Duration::ZERO).await.unwrap_err();
        assert!(error.to_string().contains("none of 256 addresses"), "{error}");
        race.end().await;
    });
}

#[test]
fn e_the_limit_of_addresses_is_an_option() {
    in_virtual_time(async {
        let mut limits = Limits::default();
        limits.addresses = 2;
        let found = ["2001:db8::1", "2001:db8::2", "192.0.2.1"];
        let mut race = Race::with(&found, |dial| dial, |builder| builder.limits(limits));
        for address in ["2001:db8::1", "192.0.2.1"] {
            race.attempt(address, Duration::ZERO).await.refuse();
        }
        assert!(race.sent_after(Duration::ZERO).await.unwrap_err().to_string().contains("none of 2 addresses"));
        assert_eq!(race.end().await[0], "NameResolved([[2001:db8::1]:80, 192.0.2.1:80])");
    });
}

#[test]
fn e_the_delay_between_attempts_is_an_option() {
    in_virtual_time(async {
        let delay = Duration::from_millis(40);
        let mut race = Race::with(&["192.0.2.1", "192.0.2.2"], |dial| dial.attempt_delay(delay), |builder| builder);
        let _silent = race.attempt("192.0.2.1", Duration::ZERO).await;
        race.attempt("192.0.2.2", delay).await.connect(HELLO);
        race.sent_after(delay).await.unwrap();
        race.answered().await;
    });
}

#[test]
fn e_black_holes_end_at_the_one_deadline_of_all_addresses() {
    in_virtual_time(async {
        let mut race = Race::between(&["2001:db8::1", "192.0.2.1"]);
        let holes = [race.attempt("2001:db8::1", Duration::ZERO).await, race.attempt("192.0.2.1", DELAY).await];
        let deadline = Duration::from_secs(60);
        let error = race.sent_after(deadline).await.unwrap_err();
        assert!(holes.iter().all(Attempt::is_given_up));
        assert_eq!((error.code(), error.stage()), (ErrorCode::Timeout, Stage::Connect));
        assert_eq!(error.waited(), Some(deadline));
        assert_eq!(
            error.to_string(),
            "error 12002 TIMEOUT in WinHttpSendRequest (send), connecting 192.0.2.1:80 (the last of 2 addresses): no end \
             of it after 60s [http://many.example/]"
        );
        assert_eq!(
            race.end().await[3..],
            [
                "ConnectAttemptEnded([2001:db8::1]:80: the time for connecting is over)",
                "ConnectAttemptEnded(192.0.2.1:80: the time for connecting is over)",
            ]
        );
    });
}

#[test]
fn e_an_attempt_that_would_begin_at_the_deadline_does_not() {
    in_virtual_time(async {
        let timeouts = Timeouts::all(DELAY);
        let mut race = Race::with(&["192.0.2.1", "192.0.2.2"], |dial| dial, |builder| builder.timeouts(timeouts));
        let hole = race.attempt("192.0.2.1", Duration::ZERO).await;
        let error = race.sent_after(DELAY).await.unwrap_err();
        assert!(error.is_timeout() && hole.is_given_up());
        assert!(error.to_string().contains("connecting 192.0.2.1:80: no end of it after 250ms"), "{error}");
        race.end().await;
    });
}
