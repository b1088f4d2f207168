//! A nonce of a server, our own half of it, and how often it was used (RFC 7616 section 3.4).

use std::sync::Arc;

use http::HeaderValue;

use super::digest::{Line, Question, Turn};
use super::hash::Hex;
use super::plain::secret;

/// What answers that need not be asked for are made from.
pub(crate) struct Nonce {
    question: Arc<Question>,
    cnonce: Arc<str>,
    count: u32,
    /// The nonce that came with the challenge, where another has followed it.
    began_with: Option<Vec<u8>>,
}

/// One use of a nonce, which nobody else has: the answer is made of it by itself, for that may be a hash of a whole body.
pub(crate) struct Use {
    question: Arc<Question>,
    cnonce: Arc<str>,
    count: u32,
    began_with: Option<Vec<u8>>,
}

impl Use {
    /// `None` if the answer needs a body that is not known.
    pub(crate) fn answer(&self, user: &str, password: &str, line: &Line<'_>) -> Option<HeaderValue> {
        let turn = Turn { cnonce: &self.cnonce, count: self.count, began_with: self.began_with.as_deref() };
        secret(&self.question.answer(user, password, line, &turn)?)
    }

    pub(crate) fn question(&self) -> &Arc<Question> {
        &self.question
    }
}

impl Nonce {
    /// `random` is the caller's: nothing here draws any.
    pub(crate) fn new(question: Question, random: [u8; 16]) -> Self {
        let cnonce = String::from_utf8_lossy(Hex::of(&random).as_bytes()).into();
        Self { question: Arc::new(question), cnonce, count: 0, began_with: None }
    }

    /// One more use of it.
    pub(crate) fn next_use(&mut self) -> Use {
        // A server that counts lets nobody use one so often.
        self.count = self.count.saturating_add(1);
        let (question, cnonce) = (Arc::clone(&self.question), Arc::clone(&self.cnonce));
        Use { question, cnonce, count: self.count, began_with: self.began_with.clone() }
    }

    /// The server gives another one for the next request: `Authentication-Info: nextnonce="..."` (RFC 7616 3.5).
    pub(super) fn follow(&mut self, next: &[u8]) {
        if *next != *self.question.nonce
            && let Some(question) = self.question.with_nonce(next)
        {
            self.began_with.get_or_insert_with(|| self.question.nonce.clone());
            self.question = Arc::new(question);
            self.count = 0;
        }
    }

    pub(crate) fn question(&self) -> &Arc<Question> {
        &self.question
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use http::header::WWW_AUTHENTICATE;

    use super::*;
    use crate::policy::auth::challenge::Challenge;

    fn nonce(field: &'static str) -> Nonce {
        let fields = HeaderMap::from_iter([(WWW_AUTHENTICATE, HeaderValue::from_static(field))]);
        let question = Question::read(&Challenge::all(&fields, &WWW_AUTHENTICATE)[0]).unwrap();
        Nonce::new(question, [0xA5; 16])
    }

    fn answered(nonce: &mut Nonce) -> String {
        let line = Line { method: "GET", uri: "/", body: None };
        nonce.next_use().answer("u", "p", &line).unwrap().to_str().unwrap().to_owned()
    }

    #[test]
    fn rfc7616_3_4_each_use_of_a_nonce_is_counted() {
        let mut nonce = nonce("Digest realm=r, nonce=n, qop=auth");
        let counts: Vec<_> = (0..3).map(|_| answered(&mut nonce)).collect();
        for (count, answer) in counts.iter().enumerate() {
            assert!(answer.contains(&format!("nc=0000000{}", count + 1)), "{answer}");
            assert!(answer.contains("cnonce=\"a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5\""), "{answer}");
        }
    }

    #[test]
    fn rfc7616_3_5_the_next_nonce_is_counted_from_one_and_an_empty_one_is_none() {
        let mut nonce = nonce("Digest realm=r, nonce=n, qop=auth, algorithm=MD5-sess");
        let _first = answered(&mut nonce);
        nonce.follow(b"");
        assert!(answered(&mut nonce).contains("nonce=\"n\""));
        nonce.follow(b"m");
        let after = answered(&mut nonce);
        assert!(after.contains("nonce=\"m\"") && after.contains("nc=00000001"), "{after}");
        nonce.follow(b"o");
        assert_eq!(nonce.began_with.as_deref(), Some(&b"n"[..]), "the key stays that of the first one");
    }

    #[test]
    fn what_is_made_of_a_nonce_is_never_shown() {
        let mut nonce = nonce("Digest realm=r, nonce=n");
        let line = Line { method: "GET", uri: "/", body: None };
        assert!(nonce.next_use().answer("u", "p", &line).unwrap().is_sensitive());
    }
}
