//! TLS: whom to trust, what is known of a secure wire, how a failure reads, and who we are.

use hinternet::tls::danger::IgnoreDate;
use hinternet::tls::{CertificateInfo, TlsOptions};
use hinternet::{NotificationMask, Session, Status};
use walkthrough::{SecureSite, Special, part, secure_site};

#[tokio::main]
async fn main() -> hinternet::Result<()> {
    let site = secure_site(Special::Nothing);
    part("trust");
    trust(&site).await?;
    part("refused");
    refused(&site).await?;
    part("pinned");
    pinned(&site).await?;
    part("danger");
    danger(&secure_site(Special::Expired)).await?;
    part("client");
    client(&secure_site(Special::AsksClients)).await
}

// ANCHOR: trust
async fn trust(site: &SecureSite) -> hinternet::Result<()> {
    let tls = TlsOptions::new().trust_only([site.authority.clone()]);
    let session = Session::builder().tls(tls).open()?;
    let response = session.get(&site.origin)?.send().await?;
    let security = response.security_info().expect("it is https");
    println!("{}, {}, {:?}", security.protocol, security.cipher_suite, security.application_protocol);
    for der in &security.certificates {
        let certificate = CertificateInfo::read(der).expect("it was accepted");
        println!("{} from {}, for {:?}", certificate.subject, certificate.issuer, certificate.names);
    }
    session.close().await
}
// ANCHOR_END: trust

// ANCHOR: refused
async fn refused(site: &SecureSite) -> hinternet::Result<()> {
    let told = hinternet::subscriber(|told| match &told.status {
        Status::SecureFailure(flags) => println!("SecureFailure({flags:?})"),
        status => println!("{}", status.name()),
    });
    let mask = NotificationMask::TLS_HANDSHAKE
        | NotificationMask::SECURE_FAILURE
        | NotificationMask::CLOSE_CONNECTION
        | NotificationMask::REQUEST_ERROR;
    let nobody = TlsOptions::new().trust_only([]);
    let session = Session::builder().tls(nobody).subscriber(told, mask).open()?;

    let error = session.get(&site.origin)?.send().await.unwrap_err();
    session.close().await?;
    session.closed().await;
    println!("{error}");
    let failure = error.tls().expect("it failed by TLS");
    println!("{:?}, {} certificate(s)", failure.flags, failure.certificates.len());
    Ok(())
}
// ANCHOR_END: refused

// ANCHOR: pinned
async fn pinned(site: &SecureSite) -> hinternet::Result<()> {
    let another_key = [0; 32];
    let tls = TlsOptions::new().trust_only([site.authority.clone()]).pin_sha256([another_key]);
    let session = Session::builder().tls(tls).open()?;
    println!("{}", session.get(&site.origin)?.send().await.unwrap_err());
    session.close().await
}
// ANCHOR_END: pinned

// ANCHOR: danger
async fn danger(expired: &SecureSite) -> hinternet::Result<()> {
    let strict = TlsOptions::new().trust_only([expired.authority.clone()]);
    let session = Session::builder().tls(strict.clone()).open()?;
    println!("{}", session.get(&expired.origin)?.send().await.unwrap_err());
    session.close().await?;

    let lax = strict.dangerous(IgnoreDate); // its authority and its name are checked all the same
    let session = Session::builder().tls(lax).open()?;
    println!("{}", session.get(&expired.origin)?.send().await?.status());
    session.close().await
}
// ANCHOR_END: danger

// ANCHOR: client
async fn client(asking: &SecureSite) -> hinternet::Result<()> {
    let nobody = TlsOptions::new().trust_only([asking.authority.clone()]);
    let session = Session::builder().tls(nobody.clone()).open()?;
    println!("{}", session.get(&asking.origin)?.send().await.unwrap_err());
    session.close().await?;

    let somebody = nobody.client_identity(asking.client.clone());
    let session = Session::builder().tls(somebody).open()?;
    println!("{}", session.get(&asking.origin)?.send().await?.status());
    session.close().await
}
// ANCHOR_END: client
