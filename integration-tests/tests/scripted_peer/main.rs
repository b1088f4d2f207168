//! What a scripted peer can do to a client: each step, and each way to cut what is sent, against the real one.

mod steps;
mod tls_steps;
