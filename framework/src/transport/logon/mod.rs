//! A handshake that says who somebody is by NTLM or by SPNEGO, token by token (MS-NLMP, RFC 4178): what `sspi` makes of it.
//!
//! ```text
//!   new --> step(nothing) --> token --> ... step(the peer's token) --> token ... --> done
//!                 |  Kerberos: its KDC is asked in between
//! ```
//!
//! `sspi` was taken, and not `libgssapi`, because it needs a Rust toolchain and nothing else. What it lacks for that is the cache of
//! tickets of a user who has logged on: there are no credentials but those that are given.

mod bindings;
mod kdc;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use sspi::generator::{GeneratorInitSecurityContext, GeneratorState};
use sspi::ntlm::NtlmConfig;
use sspi::{
    AuthIdentity, AuthIdentityBuffers, BufferType, ClientRequestFlags, CredentialsBuffers, DataRepresentation,
    ErrorKind, InitializeSecurityContextResult, Negotiate, NegotiateConfig, Ntlm, SecurityBuffer, SecurityStatus, Sspi,
    SspiImpl, Username,
};
use tracing::subscriber::{NoSubscriber, with_default};
use zeroize::Zeroizing;

use crate::options::{AuthScheme, Credentials, Shown};
use crate::policy::auth::Place;

/// One handshake under way.
pub(crate) struct Logon {
    context: Context,
    /// Who is spoken to, as a service principal.
    target: String,
    bindings: Option<Vec<u8>>,
    is_done: bool,
}

enum Context {
    Ntlm(Box<(Ntlm, Option<AuthIdentityBuffers>)>),
    Negotiate(Box<(Negotiate, Option<CredentialsBuffers>)>),
}

/// Why it cannot go on: `sspi`'s word for it, without its sentence, which may name the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LogonFault(ErrorKind);

impl Logon {
    /// `certificate` is the server's, where the wire is secured: the handshake says so, and is of no use to who stands between.
    pub(crate) fn new(
        scheme: AuthScheme,
        credentials: &Credentials,
        place: &Place,
        certificate: Option<&[u8]>,
    ) -> Result<Self, LogonFault> {
        let identity = identity(credentials)?;
        let context = if scheme == AuthScheme::Ntlm {
            let context = Ntlm::with_config(NtlmConfig::new(WORKSTATION.to_owned()));
            Context::Ntlm(Box::new((context, Some(identity.into()))))
        } else {
            // It begins as NTLM, and becomes Kerberos where a KDC is known for the user's realm; and NTLM again where that does not
            // answer, or does not know the server.
            let ntlm = Box::new(NtlmConfig::new(WORKSTATION.to_owned()));
            let config = NegotiateConfig::new(ntlm, Some(PACKAGES.to_owned()), WORKSTATION.to_owned());
            let context = quietly(|| Negotiate::new_client(config))?;
            Context::Negotiate(Box::new((context, Some(CredentialsBuffers::AuthIdentity(identity.into())))))
        };
        let host = place.origin.host().trim_start_matches('[').trim_end_matches(']');
        let bindings = certificate.and_then(bindings::of);
        Ok(Self { context, target: format!("HTTP/{host}"), bindings, is_done: false })
    }

    /// What is to be sent next, after what the peer has sent; `None`: nothing, it is done.
    pub(crate) async fn step(&mut self, received: Option<Vec<u8>>) -> Result<Option<Zeroizing<Vec<u8>>>, LogonFault> {
        if self.is_done {
            return Err(LogonFault(ErrorKind::OutOfSequence));
        }
        let mut input = vec![SecurityBuffer::new(received.unwrap_or_default(), BufferType::Token)];
        input.extend(self.bindings.clone().map(|all| SecurityBuffer::new(all, BufferType::ChannelBindings)));
        let mut output = [SecurityBuffer::new(Vec::new(), BufferType::Token)];
        let requirements = ClientRequestFlags::MUTUAL_AUTH;
        let stepped = match &mut self.context {
            Context::Ntlm(both) => {
                let (context, identity) = &mut **both;
                let mut builder = context
                    .initialize_security_context()
                    .with_credentials_handle(identity)
                    .with_context_requirements(ClientRequestFlags::empty())
                    .with_target_data_representation(DataRepresentation::Native)
                    .with_target_name(&self.target)
                    .with_input(&mut input)
                    .with_output(&mut output);
                drive(quietly(|| context.initialize_security_context_impl(&mut builder))?).await
            }
            Context::Negotiate(both) => {
                let (context, identity) = &mut **both;
                let mut builder = context
                    .initialize_security_context()
                    .with_credentials_handle(identity)
                    .with_context_requirements(requirements)
                    .with_target_data_representation(DataRepresentation::Native)
                    .with_target_name(&self.target)
                    .with_input(&mut input)
                    .with_output(&mut output);
                drive(quietly(|| context.initialize_security_context_impl(&mut builder))?).await
            }
        }?;
        self.is_done = !matches!(stepped.status, SecurityStatus::ContinueNeeded | SecurityStatus::CompleteAndContinue);
        let [token] = output;
        Ok((!token.buffer.is_empty()).then(|| Zeroizing::new(token.buffer)))
    }

    /// Is there nothing more that the peer has to prove or to ask?
    pub(crate) fn is_done(&self) -> bool {
        self.is_done
    }
}

impl LogonFault {
    /// Could who knows the realm of the user not be reached?
    pub(crate) fn is_of_the_network(self) -> bool {
        self.0 == ErrorKind::NoAuthenticatingAuthority
    }
}

impl fmt::Display for LogonFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

/// `DOMAIN\user`, `user@realm`, or a user of no domain.
fn identity(credentials: &Credentials) -> Result<AuthIdentity, LogonFault> {
    let Shown::Password { user, password } = credentials.shown() else {
        return Err(LogonFault(ErrorKind::NoCredentials));
    };
    let username = Username::parse(user).map_err(|_| LogonFault(ErrorKind::UnknownCredentials))?;
    Ok(AuthIdentity { username, password: password.to_owned().into() })
}

/// Goes on until it has its result; what it wants to know of a KDC is asked for it.
async fn drive(mut generator: GeneratorInitSecurityContext<'_>) -> Result<InitializeSecurityContextResult, LogonFault> {
    let mut state = quietly(|| Ok(generator.start()))?;
    loop {
        state = match state {
            GeneratorState::Completed(result) => return result.map_err(|error| LogonFault(error.error_type)),
            GeneratorState::Suspended(request) => {
                let answer = kdc::ask(&request).await;
                quietly(|| Ok(generator.resume(answer)))?
            }
        };
    }
}

/// Has `sspi` do something. It traces tokens and users, which no log shall hold; and a panic over what a peer has sent is the end of
/// this handshake, and of nothing else.
fn quietly<T>(work: impl FnOnce() -> sspi::Result<T>) -> Result<T, LogonFault> {
    let done = with_default(NoSubscriber::default(), || catch_unwind(AssertUnwindSafe(work)));
    done.map_err(|_panic| LogonFault(ErrorKind::InvalidToken))?.map_err(|error| LogonFault(error.error_type))
}

/// The name that NTLM and Kerberos tell of this machine: no server has to know its true one.
const WORKSTATION: &str = "WORKSTATION";
const PACKAGES: &str = "kerberos,ntlm";

#[cfg(test)]
mod tests;
