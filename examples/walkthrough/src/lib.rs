//! What the programs of the book share: a small site on loopback, so that none of them needs the internet.
//!
//! | path | answers |
//! |---|---|
//! | `/` | a line of text |
//! | `/echo` | the body it was sent |
//! | `/upload` | how long the body was that it was sent |
//! | `/login` | a line of text, and sets two cookies of which one may not be |
//! | `/large` | a quarter of a mebioctet |
//! | `/last` | a line of text, and closes the connection |
//! | `/slow` | nothing, for an hour |
//! | `/gate` | a line of text, once somebody has asked for `/open` |
//! | else | 404 |

pub mod hostile;

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use hinternet::tls::{Certificate, ClientIdentity};
use integration_tests::Gate;
use integration_tests::certificates::{Authority, Leaf};
use integration_tests::origin::{Origin, Reply};
use integration_tests::request::Request;
use integration_tests::tls::Tls;

/// Starts a site on a free port of 127.0.0.1, on a thread of its own, and gives its origin: `http://127.0.0.1:PORT`.
///
/// It is there until the program ends.
///
/// # Panics
/// When there is no thread or no port for it.
pub fn site() -> String {
    let (started, origin) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async move {
            let gate = Gate::new();
            let site = Origin::start(move |request| answer(request, &gate)).await;
            started.send(site.origin()).expect("the caller waits for it");
            std::future::pending::<()>().await;
        });
    });
    origin.recv().expect("a free port on loopback")
}

/// A secure site on loopback, and the authority that vouches for it.
#[derive(Debug)]
pub struct SecureSite {
    /// `https://127.0.0.1:PORT`.
    pub origin: String,
    /// Nobody trusts it unless told to.
    pub authority: Certificate,
    /// Its client, for a site that asks.
    pub client: ClientIdentity,
}

/// What is special about a secure site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Special {
    /// Nothing.
    Nothing,
    /// Its certificate expired in 2002.
    Expired,
    /// It asks its clients for a certificate.
    AsksClients,
}

/// Starts a secure site, as [`site`] does.
///
/// # Panics
/// When there is no thread or no port for it.
pub fn secure_site(special: Special) -> SecureSite {
    let (started, site) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async move {
            let authority = Authority::new("The authority of the book");
            let leaf = Leaf::for_names(["127.0.0.1"]);
            let leaf = if special == Special::Expired { leaf.expired() } else { leaf };
            let identity = authority.issue(leaf);
            let tls = match special {
                Special::AsksClients => Tls::asking(&identity, &authority, false),
                Special::Nothing | Special::Expired => Tls::new(&identity),
            };
            let gate = Gate::new();
            let running = Origin::secure(&tls, move |request| answer(request, &gate)).await;
            let client = authority.issue(Leaf::for_client("The reader")).client();
            let site = SecureSite { origin: running.origin(), authority: authority.certificate(), client };
            started.send(site).expect("the caller waits for it");
            std::future::pending::<()>().await;
        });
    });
    site.recv().expect("a free port on loopback")
}

/// Begins a part of a program's output: the book shows it by this name.
pub fn part(name: &str) {
    println!("== {name}");
}

fn answer(request: &Request, gate: &Gate) -> Reply {
    match request.path() {
        "/" => text("Hello from loopback."),
        "/echo" => text(request.body.clone()),
        "/upload" => text(format!("{} octets arrived\n", request.body.len())),
        "/login" => text("Welcome.").field("set-cookie", "sid=7; HttpOnly").field("set-cookie", "ad=1; Domain=com"),
        "/large" => text(vec![b'.'; 256 * 1024]),
        "/last" => text("Goodbye.").closing(),
        "/slow" => text("").after(Duration::from_secs(60 * 60)),
        "/gate" => text("The gate is open.").held(gate),
        "/open" => {
            gate.open();
            Reply::new(204)
        }
        _ => text("There is nothing here.").with_status(404),
    }
}

fn text(body: impl Into<hinternet::Bytes>) -> Reply {
    Reply::ok(body).field("content-type", "text/plain; charset=utf-8")
}
