//! A request that says by hand who sends it, by a scheme that tells it of the wire (NTLM, Negotiate; RFC 4559 section 6): the server may
//! take whatever comes there next for the same user's, so that the wire is this request's and nobody else's.
//!
//! ```text
//!                                                           401, 407: waits for the next leg, which is the same request sent again
//!   such a field --> a wire by HTTP/1.1, under its own key -+
//!                                                           anything else, and the end of the request: closed
//! ```
//!
//! What the library itself answers by such a scheme binds wires to credentials instead, so that they serve again: see
//! `authenticating/handshake.rs`.

use std::sync::Arc;

use http::StatusCode;

use super::journey::Journey;
use crate::options::{AuthTarget, Protocols, RequestOptions, SharedOptions};
use crate::origin::Lease;
use crate::policy::auth::{are_answered, bind};
use crate::reason::CloseReason;

impl Journey {
    /// The options for the wire of the exchange that is about to begin, if no other request may have that.
    #[inline]
    pub(super) fn wire_of_its_own(&self, options: &SharedOptions) -> Option<SharedOptions> {
        let may_bind = !self.outgoing.is_empty() || self.shared.services.defaults_bind;
        if may_bind { self.parted(options) } else { None }
    }

    #[cold]
    fn parted(&self, options: &SharedOptions) -> Option<SharedOptions> {
        // Nothing of an exchange tells of the wire where that carries others at the same time.
        let is_alone = options.protocols != Protocols::RequireHttp2;
        if !is_alone || options.dial.bound.is_some() || !self.is_known_by_hand(options) {
            return None;
        }
        let mut parted = RequestOptions::clone(options);
        parted.dial.own = Some(self.shared.node.id());
        if parted.protocols == Protocols::PreferHttp2 {
            parted.protocols = Protocols::Http1;
        }
        Some(Arc::new(parted))
    }

    fn is_known_by_hand(&self, options: &RequestOptions) -> bool {
        let binds = |target| {
            let own = are_answered(&self.outgoing, target);
            bind(if own { &self.outgoing } else { self.default_fields() }, target)
        };
        binds(AuthTarget::Server) || !options.dial.proxy.is_direct() && binds(AuthTarget::Proxy)
    }

    /// The exchange is over. Gives the wire back if others may have it.
    pub(super) fn keep_own_wire(&self, lease: Lease) -> Option<Lease> {
        let is_asked = |status| matches!(status, StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED);
        if lease.is_of_one_request() && !self.last_head().is_some_and(|head| is_asked(head.status())) {
            lease.close(&self.shared.node, CloseReason::Retired);
            return None;
        }
        Some(lease)
    }
}
