//! TLS: what a secure wire is, what is told of one, and every way in which it can fail (contract C.9, D.3, E).

mod clients;
mod dangers;
mod failures;
mod isolation;
mod network;
mod place;
mod revoked;
mod wires;
