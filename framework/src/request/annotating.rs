//! What a program says of a request, for whoever looks at many of them.

use std::sync::Arc;

use super::Request;
use super::shared::Shared;
use crate::error::{Error, Operation, Result};

impl Request {
    /// Says something of the request (`WINHTTP_OPTION_REQUEST_ANNOTATION`): it stands in the [`Snapshot`](crate::Snapshot) and, if it is
    /// there before the first operation, in the request's span. It is never sent; who reads logs reads it. An empty text takes it away.
    ///
    /// # Errors
    /// 87 for more than 64,000 octets, 6 when the handle is closed.
    #[doc(alias = "WINHTTP_OPTION_REQUEST_ANNOTATION")]
    pub fn annotate(&self, text: &str) -> Result<()> {
        let operation = Operation::SetOption;
        self.inner.shared.node.check_open(operation)?;
        if text.len() > LONGEST {
            return Err(Error::parameter(operation, format!("an annotation has at most {LONGEST} octets")));
        }
        self.inner.shared.draft().annotation = (!text.is_empty()).then(|| Arc::from(text));
        Ok(())
    }

    /// What was said of it.
    #[doc(alias = "WINHTTP_OPTION_REQUEST_ANNOTATION")]
    pub fn annotation(&self) -> Option<Arc<str>> {
        self.inner.shared.annotation()
    }
}

impl Shared {
    pub(super) fn annotation(&self) -> Option<Arc<str>> {
        self.draft().annotation.clone()
    }
}

/// WinHTTP's.
const LONGEST: usize = 64_000;
