//! Contract C, what is told: every status, its payload, its place, and whose it is. Each test is named after its rule.

mod masks;
mod order;
mod sequences;
mod statuses;
mod story;
mod whose;
