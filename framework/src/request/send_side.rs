//! The calls that send: each runs with the exchange, or with the sending half of it where that may go on beside the response.

use actix::{Context, Handler};

use super::actor::{RequestActor, missing};
use super::beside::{Beside, Sends, Task};
use super::journey::Journey;
use super::messages::{FinishBody, SendRequest, Ticket, WriteData};
use super::operation::{Completing, Launch, UnderWay};
use super::reply::{Answer, Reply};
use super::state::{Call, SendSide, State};
use super::upload::Upload;
use crate::error::{Operation, Result};
use crate::notification::Status;

impl Handler<SendRequest> for RequestActor {
    type Result = Reply<()>;

    fn handle(&mut self, message: SendRequest, context: &mut Context<Self>) -> Reply<()> {
        let SendRequest { headers, payload, context: value, ticket } = message;
        self.stop_reading_ahead(context);
        match self.begin(headers, payload, value) {
            Ok(journey) => {
                let launch = Launch { operation: Operation::Send, ticket, state: State::Sending, reads_ahead: false };
                let work = async |journey: &mut Journey| {
                    let sent = journey.send().await;
                    #[cfg(feature = "cache")]
                    let sent = sent.or_else(|error| journey.stored_instead_of_error(error));
                    sent
                };
                self.launch_to(context, launch, journey, work, move |actor, under_way, (sent, over), context| {
                    actor.sent(under_way, sent, over, ticket, context);
                })
            }
            Err(error) => Reply::now(Err(error)),
        }
    }
}

impl Handler<WriteData> for RequestActor {
    type Result = Reply<()>;

    fn handle(&mut self, message: WriteData, context: &mut Context<Self>) -> Reply<()> {
        let WriteData { data, ticket } = message;
        if self.send_side() != SendSide::Over {
            let check = |upload: &Upload| upload.check_write(&data);
            return self.launch_beside(context, Call::Write, ticket, check, Task::Write(data.clone()));
        }
        let mut journey = match self.resume(Call::Write, Operation::Write) {
            Ok(journey) => journey,
            Err(error) => return Reply::now(Err(error)),
        };
        if let Err(error) = journey.check_write(&data) {
            self.journey = Some(journey);
            return Reply::now(Err(error));
        }
        let length = data.len() as u64;
        let launch = Launch { operation: Operation::Write, ticket, state: State::Writing, reads_ahead: false };
        let work = async move |journey: &mut Journey| journey.write(&data).await;
        self.launch(context, launch, journey, work, move |_, ()| Some(Status::WriteComplete(length)))
    }
}

impl Handler<FinishBody> for RequestActor {
    type Result = Reply<()>;

    fn handle(&mut self, message: FinishBody, context: &mut Context<Self>) -> Reply<()> {
        let FinishBody { trailers, ticket } = message;
        if self.send_side() != SendSide::Over {
            let check = |upload: &Upload| upload.check_finish(&trailers);
            return self.launch_beside(context, Call::Finish, ticket, check, Task::Finish(trailers.clone()));
        }
        let operation = Operation::Write;
        let mut journey = match self.resume(Call::Finish, operation) {
            Ok(journey) => journey,
            Err(error) => return Reply::now(Err(error)),
        };
        if let Err(error) = journey.check_finish(&trailers, operation) {
            self.journey = Some(journey);
            return Reply::now(Err(error));
        }
        let launch = Launch { operation, ticket, state: State::Writing, reads_ahead: false };
        let work = async move |journey: &mut Journey| journey.finish(&trailers, operation).await;
        self.launch(context, launch, journey, work, |_, ()| Some(Status::WriteComplete(0)))
    }
}

impl RequestActor {
    /// The head went out, and what the payload holds, but for what is sent beside the response from here on.
    fn sent(
        &mut self,
        under_way: UnderWay<(), Answer<()>>,
        sent: Result<()>,
        over: bool,
        ticket: Ticket,
        context: &mut Context<Self>,
    ) {
        let UnderWay { mut journey, completing } = under_way;
        let source = journey.source.take().filter(|_| sent.is_ok());
        let is_whole = journey.payload.0.is_whole();
        let split = source.is_some() || !is_whole && sent.is_ok() && journey.state() == State::Uploading;
        let upload = if split { journey.split() } else { None };
        match (source, upload) {
            (Some(source), Some(upload)) => {
                self.settle(&mut journey, false, None);
                self.journey = Some(journey);
                let beside = Beside::new(upload, Task::Send(*source), ticket).completing(completing.go_on());
                return self.send_beside(context, State::Uploading, beside);
            }
            (None, Some(upload)) => self.sends = Sends::Open(upload),
            _ => {}
        }
        let told = |_: &mut Self, (): &()| Some(Status::SendRequestComplete);
        self.complete(UnderWay { journey, completing }, (sent, over), told, context);
    }

    /// A call that receives was given up before there was an answer: what it did not end goes on as it was.
    pub(super) fn is_given_up(&mut self, journey: &mut Journey) {
        self.ends_body = false;
        let is_open = matches!(self.sends, Sends::Nothing) && journey.state() == State::Uploading;
        if let Some(upload) = if is_open { journey.split() } else { None } {
            self.sends = Sends::Open(upload);
        }
    }

    /// A call that needs nothing but the sending half. What was handed out of the response is none of its business.
    fn launch_beside(
        &mut self,
        context: &mut Context<Self>,
        call: Call,
        ticket: Ticket,
        check: impl FnOnce(&Upload) -> Result<()>,
        task: Task,
    ) -> Reply<()> {
        let operation = Operation::Write;
        let checked = self.accept(call, operation).and_then(|()| match &self.sends {
            Sends::Open(upload) => check(upload),
            _ => Err(missing(operation)),
        });
        let upload = match (checked, std::mem::take(&mut self.sends)) {
            (Ok(()), Sends::Open(upload)) => upload,
            (checked, sends) => {
                self.sends = sends;
                return Reply::now(checked);
            }
        };
        let (reply, answer) = Reply::later();
        let completing = Completing::new(&self.shared.node, operation, Some(answer));
        let beside = Beside::new(upload, task, ticket).completing(completing);
        self.send_beside(context, self.shared.state(), beside);
        reply
    }
}
