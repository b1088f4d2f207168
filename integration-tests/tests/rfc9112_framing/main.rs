//! RFC 9112 over real sockets: where a response ends, what comes before it, and whether its connection serves again.

mod answer;
mod bodies;
mod expect;
mod folds;
mod http10;
mod injection;
mod interims;
mod leniency;
mod reasons;
mod reuse;
mod splits;
