//! HSTS (RFC 6797): who has said so over a secure wire is asked by https from then on, by every way that leads there.

mod asked;
mod believed;
mod place;
