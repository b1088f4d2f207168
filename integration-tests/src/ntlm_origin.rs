//! A server, or a proxy, that asks for NTLM and binds each connection to who has answered: `sspi`'s own server side decides.

use std::io;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::{Bytes, BytesMut};
use sspi::{
    AuthIdentity, BufferType, CredentialUse, DataRepresentation, Ntlm, SecurityBuffer, ServerRequestFlags, Sspi,
    SspiEx, SspiImpl, Username,
};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::gate::Gate;
use crate::proxy::{this_machine, tunnel};
use crate::request::next_request;
use crate::server::Server;
use crate::tls::{Carrier, Tls};

/// Asks for NTLM on a loopback address. It stops, and its connections close, when it is dropped.
#[derive(Debug)]
pub struct NtlmOrigin {
    server: Server,
    log: Arc<Mutex<Vec<NtlmVisit>>>,
}

/// One request as it was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NtlmVisit {
    /// On which connection, from 1.
    pub connection: u64,
    /// `GET /x`.
    pub line: String,
    /// The type of the NTLM message that it showed.
    pub message: Option<u8>,
    /// What it showed, if that was no NTLM.
    pub other: Option<String>,
    /// Its body.
    pub body: Bytes,
    /// Whom the connection is taken for.
    pub user: Option<String>,
}

/// What such a server is like.
#[derive(Clone, Debug, Default)]
pub struct Habits {
    is_proxy: bool,
    tls: Option<Tls>,
    offers: Option<String>,
    cuts: u64,
    closes_first: bool,
    token: Option<String>,
    held: Option<(Gate, Gate)>,
}

impl Habits {
    /// Nothing but NTLM, and by its rules.
    pub fn good() -> Self {
        Self::default()
    }

    /// It is a proxy: asks by 407, answers what it should forward, and opens tunnels.
    pub fn of_a_proxy(mut self) -> Self {
        self.is_proxy = true;
        self
    }

    /// Speaks TLS.
    pub fn secure(mut self, tls: &Tls) -> Self {
        self.tls = Some(tls.clone());
        self
    }

    /// What it offers, in place of `NTLM`.
    pub fn offering(mut self, challenge: &str) -> Self {
        self.offers = Some(challenge.to_owned());
        self
    }

    /// Closes so many connections behind its challenge.
    pub fn cutting(mut self, cuts: u64) -> Self {
        self.cuts = cuts;
        self
    }

    /// Closes behind the answer that names the schemes.
    pub fn closing_first(mut self) -> Self {
        self.closes_first = true;
        self
    }

    /// Whatever it is shown: this is its token.
    pub fn always_answering(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    /// Signals the first gate at each challenge, and lets the second open before it is sent.
    pub fn holding(mut self, reached: &Gate, open: &Gate) -> Self {
        self.held = Some((reached.clone(), open.clone()));
        self
    }
}

const USERS: [(&str, &str); 3] = [("alice", "s3cret"), ("bob", "0ther"), ("EXAMPLE\\carol", "th1rd")];

impl NtlmOrigin {
    /// Serves on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// When no loopback port can be bound.
    pub async fn start(habits: Habits) -> Self {
        let log = Arc::default();
        let (kept, is_secure) = (Arc::clone(&log), habits.tls.is_some());
        let server = Server::start(|listener| listen(listener, habits, kept)).await;
        Self { server: if is_secure { server.secure() } else { server }, log }
    }

    /// All it was asked, in the order of arrival.
    pub fn log(&self) -> Vec<NtlmVisit> {
        lock(&self.log).clone()
    }

    /// On which connection each request came, and which message of NTLM it showed.
    pub fn legs(&self) -> Vec<(u64, Option<u8>)> {
        self.log().iter().map(|visit| (visit.connection, visit.message)).collect()
    }
}

impl Deref for NtlmOrigin {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

/// For a server that remembers nothing: the challenge to a first message that is shown; `None` for any other.
pub fn challenge(shown: &str) -> Option<String> {
    let token = BASE64_STANDARD.decode(shown.strip_prefix("NTLM ")?).ok()?;
    let challenge = accept(&mut Ntlm::new(), &token).ok()?;
    Some(format!("NTLM {}", BASE64_STANDARD.encode(challenge)))
}

async fn listen(listener: TcpListener, habits: Habits, log: Arc<Mutex<Vec<NtlmVisit>>>) {
    let mut connections = JoinSet::new();
    let (mut number, cuts) = (0, Arc::new(Mutex::new(habits.cuts)));
    while let Ok((stream, _)) = listener.accept().await {
        number += 1;
        let (habits, log, cuts) = (habits.clone(), Arc::clone(&log), Arc::clone(&cuts));
        connections.spawn(async move {
            // A client that goes away is no fault of the server's.
            let _gone = serve(stream, number, &habits, &log, &cuts).await;
        });
    }
}

/// What is known on one connection.
#[derive(Default)]
struct Known {
    under_way: Option<Box<Ntlm>>,
    user: Option<String>,
}

enum Verdict {
    Admitted,
    Asks(String),
    Refused,
}

async fn serve(
    stream: TcpStream,
    connection: u64,
    habits: &Habits,
    log: &Mutex<Vec<NtlmVisit>>,
    cuts: &Mutex<u64>,
) -> io::Result<()> {
    let mut stream = Carrier::of(stream, habits.tls.as_ref()).await?;
    let (mut unread, mut known) = (BytesMut::new(), Known::default());
    loop {
        let Some(request) = next_request(&mut stream, &mut unread).await? else { return Ok(()) };
        let shown = request.field(if habits.is_proxy { "proxy-authorization" } else { "authorization" });
        let token = shown.and_then(|shown| shown.strip_prefix("NTLM ")).map(|token| BASE64_STANDARD.decode(token));
        let token = token.transpose().map_err(|error| io::Error::other(error.to_string()))?;
        let message = token.as_ref().and_then(|token| token.get(8)).copied();
        let mut verdict = known.judge(token.as_deref());
        if let (Some(token), Some(_)) = (&habits.token, message) {
            verdict = Verdict::Asks(token.clone());
        }
        let other = shown.filter(|shown| !shown.starts_with("NTLM ")).map(str::to_owned);
        let line = format!("{} {}", request.method, request.target);
        lock(log).push(NtlmVisit {
            connection,
            line,
            message,
            other,
            body: request.body.clone(),
            user: known.user.clone(),
        });
        let (status, field) = if habits.is_proxy { (407, "proxy-authenticate") } else { (401, "www-authenticate") };
        let asks = match verdict {
            Verdict::Admitted if request.method == "CONNECT" => {
                let behind = this_machine(&request.target).await?;
                return tunnel(stream, behind, &unread).await;
            }
            Verdict::Admitted => {
                let body = format!("hello {}, {} octets", known.user.as_deref().unwrap_or("?"), request.body.len());
                let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                stream.write_all(answer.as_bytes()).await?;
                continue;
            }
            Verdict::Asks(token) => {
                if let Some((reached, open)) = &habits.held {
                    reached.open();
                    open.passed().await;
                }
                format!("{field}: NTLM {token}\r\n")
            }
            Verdict::Refused => format!("{field}: {}\r\n", habits.offers.as_deref().unwrap_or("NTLM")),
        };
        let is_cut = message == Some(1) && {
            let mut cuts = lock(cuts);
            let is_cut = *cuts > 0;
            *cuts = cuts.saturating_sub(1);
            is_cut
        };
        let closes = habits.closes_first && message.is_none();
        let close = if closes { "connection: close\r\n" } else { "" };
        let answer = format!("HTTP/1.1 {status} Who\r\n{asks}{close}content-length: 12\r\n\r\nwho are you?");
        stream.write_all(answer.as_bytes()).await?;
        if is_cut || closes {
            return stream.shutdown().await;
        }
    }
}

impl Known {
    fn judge(&mut self, token: Option<&[u8]>) -> Verdict {
        let Some(token) = token else {
            return if self.user.is_some() { Verdict::Admitted } else { Verdict::Refused };
        };
        self.user = None;
        if token.get(8) == Some(&1) {
            self.under_way = Some(Box::default());
        }
        let Some(mut context) = self.under_way.take() else { return Verdict::Refused };
        match accept(&mut context, token) {
            Ok(challenge) if !challenge.is_empty() => {
                self.under_way = Some(context);
                Verdict::Asks(BASE64_STANDARD.encode(challenge))
            }
            Ok(_) => match admitted(&mut context) {
                Some(user) => {
                    self.user = Some(user);
                    Verdict::Admitted
                }
                None => Verdict::Refused,
            },
            Err(_) => Verdict::Refused,
        }
    }
}

fn accept(context: &mut Ntlm, token: &[u8]) -> sspi::Result<Vec<u8>> {
    let acquired = context.acquire_credentials_handle().with_credential_use(CredentialUse::Inbound).execute(context)?;
    let mut handle = acquired.credentials_handle;
    let mut input = [SecurityBuffer::new(token.to_vec(), BufferType::Token)];
    let mut output = [SecurityBuffer::new(Vec::new(), BufferType::Token)];
    let builder = context
        .accept_security_context()
        .with_credentials_handle(&mut handle)
        .with_context_requirements(ServerRequestFlags::empty())
        .with_target_data_representation(DataRepresentation::Native)
        .with_input(&mut input)
        .with_output(&mut output);
    context.accept_security_context_impl(builder)?.resolve_to_result()?;
    let [output] = output;
    Ok(output.buffer)
}

/// Who it is, if the password is right.
fn admitted(context: &mut Ntlm) -> Option<String> {
    let named = context.query_context_names().ok()?.username;
    let (user, password) = USERS
        .into_iter()
        .find(|(user, _)| Username::parse(user).is_ok_and(|known| known.inner().eq_ignore_ascii_case(named.inner())))?;
    let username = Username::parse(user).ok()?;
    context.custom_set_auth_identities(vec![AuthIdentity { username, password: password.to_owned().into() }]).ok()?;
    context.complete_auth_token(&mut []).ok()?;
    Some(user.to_owned())
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
