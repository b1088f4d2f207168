//! The test doubles of hinternet, each with a name: who listens, who answers, who misbehaves.
//!
//! | double | is |
//! |---|---|
//! | [`Recorder`](recorder::Recorder) | a subscriber that checks every notification as it comes; installed in every test |
//! | [`ScriptedPeer`](scripted_peer::ScriptedPeer) | a server that does what a script says, octet by octet |
//! | [`Origin`](origin::Origin) | an honest HTTP/1.1 server |
//! | [`FaultProxy`](fault_proxy::FaultProxy) | stands between client and server and cuts, delays, holds, corrupts |
//! | [`Scene`](scene::Scene) | a scripted peer, a recorded session, and a connection handle between them |
//! | [`Mailbox`] | a subscriber that handles a notification only when the test takes it |
//! | [`Trap`] | does something at the k-th notification |
//! | [`Authority`](certificates::Authority) | makes certificates, good ones and one for each thing that can be wrong |
//! | [`Tls`](tls::Tls) | the server's side of TLS, for origins and scripted peers |
//! | [`Lab`](lab::Lab) | a small web of many hosts, with the truth about what a polite crawl must fetch |

mod blocking;
pub mod certificates;
pub mod fault_proxy;
mod gate;
pub mod lab;
mod mailbox;
pub mod origin;
mod patience;
mod polls;
pub mod recorder;
pub mod request;
pub mod scene;
pub mod scripted_peer;
mod seeded;
mod server;
pub mod story;
pub mod tls;
mod trap;

pub use blocking::blocking_subscriber;
pub use gate::Gate;
pub use mailbox::Mailbox;
pub use patience::{HANG, patiently};
pub use polls::{dropped_after, poll_once};
pub use seeded::Seeded;
pub use server::Server;
pub use trap::{Trap, Whence};
