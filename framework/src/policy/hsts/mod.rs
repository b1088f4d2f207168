//! Which hosts want to be asked by https only (RFC 6797): the field that says so, and the store of those that have said it.

mod field;
mod file;
mod store;
#[cfg(test)]
mod tests;

pub(crate) use field::Wish;
pub(crate) use file::{read, write};
pub(crate) use store::{Entry, Store};
