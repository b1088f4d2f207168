//! What was said and heard on one WebSocket, and whether it can be so.

use hinternet::{MessageKind, MessagePart};
use integration_tests::simulation::{Heard, read_words};

/// One WebSocket, as its client has it.
#[derive(Debug, Default)]
pub(crate) struct Ears {
    /// The messages whose sending has succeeded.
    pub(crate) sent: Vec<u64>,
    /// How much of a message has come.
    part: Vec<u8>,
    /// How many of the server's own messages have come.
    said: u64,
    /// Which of the client's have come back.
    echoed: Vec<u64>,
    /// The server's close was received.
    pub(crate) closed: bool,
    /// `close` was called: what comes meanwhile is thrown away.
    pub(crate) skips: bool,
    /// What cannot be so.
    pub(crate) wrong: Vec<String>,
}

impl Ears {
    /// A receive gave this.
    pub(crate) fn hear(&mut self, part: &MessagePart) {
        if self.closed {
            self.wrong.push(format!("{part:?} was received after the close"));
        }
        if part.is_close() {
            self.closed = true;
            return;
        }
        self.part.extend_from_slice(part.octets());
        if part.kind().is_fragment() {
            return;
        }
        let message = std::mem::take(&mut self.part);
        match read_words(&message) {
            Some(('s', n)) if n == self.said || (self.skips && n > self.said) => {
                self.said = n + 1;
                if (part.kind() == MessageKind::Text) != n.is_multiple_of(2) {
                    self.wrong.push(format!("message {n} was received as {:?}", part.kind()));
                }
            }
            Some(('c', n)) if self.echoed.last().is_none_or(|last| *last < n) => self.echoed.push(n),
            Some((who, n)) => {
                self.wrong.push(format!("{who}{n} was received after {} and {:?}", self.said, self.echoed.last()));
            }
            None => self.wrong.push(format!("{} octets were received that nobody sent", message.len())),
        }
    }

    /// What cannot be so with what the server has seen. On a calm network everything that was written arrives.
    pub(crate) fn check(&self, number: u64, server: Option<&Heard>, calm: bool) -> Vec<String> {
        let mut wrong = self.wrong.clone();
        let Some(server) = server else {
            let silent = self.sent.is_empty() && self.said == 0 && self.echoed.is_empty();
            wrong.extend((!silent).then(|| "the server has seen nothing of it".to_owned()));
            return wrong.into_iter().map(|wrong| format!("WebSocket {number}: {wrong}")).collect();
        };
        wrong.extend(server.wrong.iter().cloned());
        // A close frame comes behind all that was sent.
        if server.closed {
            let lost = self.sent.iter().find(|n| !server.received.contains(n));
            wrong.extend(lost.map(|n| format!("message {n} was sent, and the server has not got it: {server:?}")));
        }
        let known = self.said <= server.said && self.echoed.iter().all(|n| server.received.contains(n));
        wrong.extend((!known).then(|| format!("more was received than was sent: {self:?}, {server:?}")));
        if self.closed && !self.skips {
            let whole = self.said == server.said && self.echoed.len() == server.echoed && self.part.is_empty();
            wrong.extend((!whole).then(|| format!("messages before the close are missing: {self:?}, {server:?}")));
        }
        let answered = server.closed || !self.closed || !calm;
        wrong.extend((!answered).then(|| format!("the server's close was not answered: {self:?}, {server:?}")));
        wrong.into_iter().map(|wrong| format!("WebSocket {number}: {wrong}")).collect()
    }
}
