//! Cookies (RFC 6265bis, contract E): what requests carry, what is kept of responses, what is told of it, and the files of a jar.

mod files;
mod hostile;
mod http2;
mod place;
mod redirects;
mod sending;
mod storing;
mod websockets;
