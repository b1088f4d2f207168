//! The test doubles of hinternet, each with a name: who listens, who answers, who misbehaves.
//!
//! | double | is |
//! |---|---|
//! | [`Recorder`](recorder::Recorder) | a subscriber that checks every notification as it comes; installed in every test |
//! | [`ScriptedPeer`](scripted_peer::ScriptedPeer) | a server that does what a script says, octet by octet |
//! | [`Origin`](origin::Origin) | an honest HTTP/1.1 server |
//! | [`Http2Origin`](http2_origin::Http2Origin) | an honest HTTP/2 server |
//! | [`WebSocketOrigin`](websocket::WebSocketOrigin) | an honest WebSocket server |
//! | [`DeflatingOrigin`](deflating::DeflatingOrigin) | an honest WebSocket server that compresses |
//! | [`Coded`](coded::Coded) | content as a server codes it, and zeros without end in each coding |
//! | [`Guard`](guard::Guard) | stands before an origin, asks for credentials, and checks them |
//! | `NtlmOrigin` | a server or proxy that binds a connection to who answers it by NTLM; with the feature `negotiate` |
//! | [`frames`](http2_peer::frames) | HTTP/2 frame by frame, for scripted peers |
//! | [`FaultProxy`](fault_proxy::FaultProxy) | stands between client and server and cuts, delays, holds, corrupts |
//! | [`HttpProxy`](proxy::HttpProxy) | a proxy of HTTP: opens tunnels, answers what it should forward, asks who is there |
//! | [`SocksProxy`](socks::SocksProxy) | a proxy that speaks SOCKS4, 4a and 5 |
//! | [`FakeResolver`] | knows the names it was told, and counts who asks |
//! | [`NameServer`] | a name server that knows what the test tells it |
//! | [`FakeDialer`] | hands every attempt to connect to the test |
//! | [`WatchedStream`] | a TCP stream of a dialer of the test's own, which does something before each read |
//! | [`Scene`](scene::Scene) | a scripted peer, a recorded session, and a connection handle between them |
//! | [`Mailbox`] | a subscriber that handles a notification only when the test takes it |
//! | [`Trap`] | does something at the k-th notification |
//! | [`MemoryPeer`](memory_peer::MemoryPeer) | a scripted peer without sockets, for a clock that is paused |
//! | [`MemoryScene`](memory_peer::MemoryScene) | such a peer and a recorded session |
//! | `Simulation` | a client, a scripted server and the network between them on one thread, by a seed and in its own time |
//! | [`Authority`](certificates::Authority) | makes certificates, good ones and one for each thing that can be wrong |
//! | [`Tls`](tls::Tls) | the server's side of TLS, for origins and scripted peers |
//! | [`Replayer`](curl_replay::Replayer) | the server of curl's own test suite, which answers by number |
//! | [`Lab`](lab::Lab) | a small web of many hosts, with the truth about what a polite crawl must fetch |

mod blocking;
mod catching_up;
pub mod certificates;
pub mod coded;
pub mod curl_replay;
pub mod deflating;
mod fake_dialer;
mod fake_resolver;
pub mod fault_proxy;
mod forged;
mod gate;
pub mod guard;
pub mod http2_origin;
pub mod http2_peer;
pub mod lab;
mod mailbox;
#[cfg(feature = "simulation")]
pub mod memory_peer;
mod name_server;
#[cfg(feature = "negotiate")]
pub mod ntlm_origin;
pub mod origin;
mod patience;
mod polls;
pub mod proxy;
pub mod recorder;
pub mod request;
mod resident;
mod sanitized;
pub mod scene;
pub mod scripted_peer;
mod seeded;
mod server;
pub mod socks;
#[cfg(feature = "simulation")]
pub mod simulation;
pub mod story;
pub mod tls;
mod trap;
mod watched_stream;
pub mod websocket;

pub use blocking::blocking_subscriber;
pub use catching_up::subscribers_catch_up;
pub use fake_dialer::{Attempt, Attempts, FakeDialer, answering};
pub use fake_resolver::FakeResolver;
pub use gate::Gate;
pub use mailbox::Mailbox;
pub use name_server::NameServer;
pub use patience::{HANG, patiently};
pub use polls::{dropped_after, poll_once};
pub use resident::resident_kib;
pub use sanitized::{SANITIZED, assert_kib, is_over};
pub use seeded::Seeded;
pub use server::Server;
pub use trap::{Trap, Whence};
pub use watched_stream::WatchedStream;
