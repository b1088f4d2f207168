//! RFC 9113 8: requests and responses as an HTTP/2 server sees and sends them.

mod bodies;
mod duplex;
mod endings;
mod overlap;
mod requests;
mod responses;
mod splits;
