//! nghttpd, nginx, caddy, haproxy and h2o as HTTP/2 servers: what they say differs, what a caller gets does not.

mod exchanges;
mod path;
mod peer;
mod place;
mod reloads;
mod servers;
mod websockets;
