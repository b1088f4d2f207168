//! The server's side: an echo that fails, waits and tells as it is asked to.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use integration_tests::Gate;
use service::echo::echo_server::Echo;
use service::echo::{Reply, Words};
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Request, Response, Status, Streaming};

/// What it does is what the text says: `refuse`, `hang`, `wait`, `fail`; any other text is said again.
#[derive(Clone, Default)]
pub(crate) struct Oracle(Arc<Seen>);

#[derive(Default)]
struct Seen {
    peers: Mutex<BTreeSet<SocketAddr>>,
    begun: Gate,
    given_up: Gate,
    may_end: Gate,
}

type Replies = Pin<Box<dyn Stream<Item = Result<Reply, Status>> + Send>>;

impl Oracle {
    /// How many connections calls came in on.
    pub(crate) fn connections(&self) -> usize {
        self.0.peers.lock().unwrap().len()
    }

    /// A call that hangs or waits has begun.
    pub(crate) async fn begun(&self) {
        integration_tests::patiently("a call to begin", self.0.begun.passed()).await;
    }

    /// A call that hung was given up by its client.
    pub(crate) async fn given_up(&self) {
        integration_tests::patiently("a call to be given up", self.0.given_up.passed()).await;
    }

    /// Calls that wait are answered from now on.
    pub(crate) fn answers(&self) {
        self.0.may_end.open();
    }

    fn sees<T>(&self, request: &Request<T>) {
        self.0.peers.lock().unwrap().extend(request.remote_addr());
    }

    /// Until the client gives the call up.
    async fn hang<T>(&self) -> T {
        struct GivenUp(Arc<Seen>);
        impl Drop for GivenUp {
            fn drop(&mut self) {
                self.0.given_up.open();
            }
        }
        let _given_up = GivenUp(Arc::clone(&self.0));
        self.0.begun.open();
        std::future::pending().await
    }
}

#[tonic::async_trait]
impl Echo for Oracle {
    type RepeatStream = Replies;
    type ConverseStream = Replies;

    /// With the request's own metadata that begin with `x-`.
    async fn once(&self, request: Request<Words>) -> Result<Response<Reply>, Status> {
        self.sees(&request);
        let given = given(request.metadata());
        match request.into_inner().text.as_str() {
            "refuse" => {
                let details = Bytes::from_static(DETAILS);
                Err(Status::with_details_and_metadata(Code::FailedPrecondition, REFUSAL, details, given))
            }
            "hang" => self.hang().await,
            "wait" => {
                self.0.begun.open();
                self.0.may_end.passed().await;
                Ok(Response::new(reply("wait", 1)))
            }
            text => Ok(Response::from_parts(given, reply(text, 1), Default::default())),
        }
    }

    /// `fail` and `hang` do so after their replies.
    async fn repeat(&self, request: Request<Words>) -> Result<Response<Replies>, Status> {
        self.sees(&request);
        let given = given(request.metadata());
        let Words { text, times, .. } = request.into_inner();
        let (this, last) = (self.clone(), text.clone());
        let replies = stream::iter(1..=times).map(move |number| Ok(reply(&text, number)));
        let end = stream::once(async move {
            match last.as_str() {
                "fail" => Some(Err(Status::with_metadata(Code::Aborted, "half way", given))),
                "hang" => this.hang().await,
                _ => None,
            }
        });
        Ok(Response::new(Box::pin(replies.chain(end.filter_map(std::future::ready)))))
    }

    async fn gather(&self, request: Request<Streaming<Words>>) -> Result<Response<Reply>, Status> {
        self.sees(&request);
        let mut told = request.into_inner();
        let (mut count, mut octets) = (0, 0);
        while let Some(words) = told.message().await? {
            if words.text == "refuse" {
                return Err(Status::failed_precondition(REFUSAL));
            }
            count += 1;
            octets += words.text.len();
        }
        Ok(Response::new(reply(octets.to_string(), count)))
    }

    async fn converse(&self, request: Request<Streaming<Words>>) -> Result<Response<Replies>, Status> {
        self.sees(&request);
        let replies = request.into_inner().zip(stream::iter(1..)).map(|(words, number)| {
            let words = words?;
            if words.text == "refuse" {
                Err(Status::failed_precondition(REFUSAL))
            } else {
                Ok(reply(words.text, number))
            }
        });
        Ok(Response::new(Box::pin(replies)))
    }
}

fn given(metadata: &MetadataMap) -> MetadataMap {
    let mut given = MetadataMap::new();
    for name in ["x-ask", "x-other"] {
        if let Some(value) = metadata.get(name) {
            given.insert(name, value.clone());
        }
    }
    for value in metadata.get_all_bin("x-ask-bin") {
        given.append_bin("x-ask-bin", MetadataValue::from_bytes(&value.to_bytes().unwrap()));
    }
    given
}

fn reply(text: impl Into<String>, number: u32) -> Reply {
    Reply { text: text.into(), number }
}

pub(crate) const REFUSAL: &str = "not now: 100 % über\nall";
pub(crate) const DETAILS: &[u8] = b"\0\x01\xff details";
