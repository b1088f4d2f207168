//! How challenges are answered: by which scheme, with whose credentials, how often, and what is shown unasked.
//!
//! ```text
//!   401, 407 --> Offers ----> Rounds: not the same again, nor for ever
//!                  |              |
//!                  +--> strongest --> Use::answer, basic, bearer --> Authorization
//!                                       ^
//!                     Spaces: what holds for an origin and a realm, until it is refused
//! ```
//!
//! For a tunnel, whose proxy is asked anew for each wire, a [`Dialogue`] is all of it.

mod challenge;
mod dialogue;
mod digest;
mod hash;
mod keyring;
mod nonce;
mod offers;
mod plain;
mod rounds;
mod spaces;
#[cfg(feature = "negotiate")]
mod token;

pub(crate) use challenge::next_nonce;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use challenge::{Asked, Challenge};
pub(crate) use dialogue::{Answer, Dialogue};
pub(crate) use digest::Line;
pub(crate) use keyring::{Era, Keyring, Set as CredentialSet};
#[cfg(feature = "negotiate")]
pub(crate) use offers::Leg;
pub(crate) use offers::{Offer, Offers, are_answered, bind, field_names};
pub(crate) use rounds::{Carried, Rounds, allowed};
pub(crate) use spaces::Place;
#[cfg(feature = "negotiate")]
pub(crate) use token::{encode as token_field, is_rejection};
