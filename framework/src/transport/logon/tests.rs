//! Handshakes against the crate's own server side.

use std::net::{TcpListener, TcpStream};
use std::process::Command;

use sspi::{AcceptSecurityContextResult, CredentialUse, ServerRequestFlags, SspiEx};

use super::*;
use crate::options::AuthTarget;
use crate::target::Origin;

const PASSWORD: &str = "s3cret";

fn place() -> Place {
    Place { target: AuthTarget::Server, origin: Origin::parse("http://files.example.com").unwrap() }
}

fn logon(scheme: AuthScheme, user: &str, password: &str) -> Logon {
    Logon::new(scheme, &Credentials::new(user, password), &place(), None).unwrap()
}

/// A server of NTLM that knows one user.
struct Server(Ntlm, AuthIdentity);

impl Server {
    fn new(user: &str) -> Self {
        let identity = AuthIdentity { username: Username::parse(user).unwrap(), password: PASSWORD.to_owned().into() };
        Self(Ntlm::new(), identity)
    }

    fn accept(&mut self, token: &[u8]) -> sspi::Result<(Vec<u8>, AcceptSecurityContextResult)> {
        let Self(context, identity) = self;
        let acquired = context
            .acquire_credentials_handle()
            .with_credential_use(CredentialUse::Inbound)
            .with_auth_data(identity)
            .execute(context)?;
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
        let accepted = context.accept_security_context_impl(builder)?.resolve_to_result()?;
        if accepted.status == SecurityStatus::CompleteNeeded {
            context.custom_set_auth_identity(identity.clone())?;
            context.complete_auth_token(&mut [])?;
        }
        let [output] = output;
        Ok((output.buffer, accepted))
    }
}

async fn ntlm(user: &str, password: &str) -> sspi::Result<()> {
    let (mut client, mut server) = (logon(AuthScheme::Ntlm, user, password), Server::new(user));
    let first = client.step(None).await.unwrap().unwrap();
    assert!(first.starts_with(b"NTLMSSP\0\x01") && !client.is_done());
    let (challenge, _) = server.accept(&first)?;
    let last = client.step(Some(challenge)).await.unwrap().unwrap();
    assert!(last.starts_with(b"NTLMSSP\0\x03") && client.is_done());
    assert_eq!(client.step(None).await.unwrap_err(), LogonFault(ErrorKind::OutOfSequence));
    server.accept(&last).map(drop)
}

#[tokio::test]
async fn ms_nlmp_three_messages_show_who_knows_the_password_and_nobody_else() {
    for user in ["alice", "EXAMPLE\\alice", "alice@example.com"] {
        ntlm(user, PASSWORD).await.unwrap_or_else(|error| panic!("{user}: {error}"));
        assert!(ntlm(user, "wrong").await.is_err(), "{user}");
    }
}

#[tokio::test]
async fn a_broken_token_is_a_fault_and_no_panic() {
    let mut rest = fastrand::Rng::with_seed(7);
    for length in 0..300 {
        for scheme in [AuthScheme::Ntlm, AuthScheme::Negotiate] {
            let mut client = logon(scheme, "alice", PASSWORD);
            let _first = client.step(None).await.unwrap();
            let mut token = b"NTLMSSP\0\x02\0\0\0".to_vec();
            token.extend((0..length).map(|_| rest.u8(..)));
            let _whatever = client.step(Some(token)).await;
        }
    }
    let mut client = logon(AuthScheme::Ntlm, "alice", PASSWORD);
    let _first = client.step(None).await.unwrap();
    assert!(client.step(Some(b"nonsense".to_vec())).await.is_err());
}

#[tokio::test]
async fn rfc4178_without_a_kdc_spnego_offers_ntlm() {
    let mut client = logon(AuthScheme::Negotiate, "alice", PASSWORD);
    let first = client.step(None).await.unwrap().unwrap();
    assert!(first.windows(8).any(|octets| octets == b"NTLMSSP\0"), "its first token goes along");
}

/// As Windows does: the KDC is asked by a process of its own, for it is found by an environment variable.
#[test]
fn where_the_kdc_does_not_answer_spnego_offers_ntlm() {
    let kdc = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = kdc.local_addr().unwrap();
    let first_asked_by = std::thread::spawn(move || kdc.accept().unwrap().1);
    let name = "transport::logon::tests::rfc4178_without_a_kdc_spnego_offers_ntlm";
    let mut child = Command::new(std::env::current_exe().unwrap());
    let done = child.args(["--exact", name]).env("SSPI_KDC_URL", format!("tcp://{address}")).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    // If nobody has asked, this is who the thread waits for.
    let own = TcpStream::connect(address).and_then(|stream| stream.local_addr()).ok();
    assert_ne!(Some(first_asked_by.join().unwrap()), own, "nobody has asked");
}
