//! Redirects: what is followed, how often and by what; what is dropped on the way; who has a say in it (RFC 9110 10.2.2 and 15.4;
//! WinHTTP's `WINHTTP_OPTION_REDIRECT_POLICY`).

mod bodies;
mod deciding;
mod following;
mod hostile;
mod leaks;
mod over_http2;
mod shards;
mod torture;
mod world;
