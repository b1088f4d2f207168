//! The server's own process: it listens, and tells where.

use std::io::{self, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::{self, Ticketer};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::version::TLS13;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::answer::{Answering, Stream};
use super::{Endpoint, Endpoints};
use crate::peers::Failed;
use crate::peers::descriptors;

/// Is the server, until the program that started it closes its input. With a site it serves the files of that folder.
pub(in crate::peers) fn serve(site: Option<PathBuf>) -> Result<(), Failed> {
    std::thread::spawn(|| {
        // An error is the end of the input, too.
        let _read = io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    descriptors::raise()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (authority, with_tickets, without) = certified()?;
        // All of 127.0.0.0/8, which can be had only with all other addresses; whoever comes from elsewhere is sent away.
        let listen = || TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0));
        let (plain, secure, secure_without) = (listen().await?, listen().await?, listen().await?);
        let endpoint = |listener: &TcpListener, authority: Option<&Vec<u8>>| {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, listener.local_addr()?.port()));
            io::Result::Ok(Endpoint { address, authority: authority.cloned() })
        };
        let endpoints = Endpoints {
            plain: endpoint(&plain, None)?,
            secure: endpoint(&secure, Some(&authority))?,
            secure_without_tickets: endpoint(&secure_without, Some(&authority))?,
        };
        println!("{}", endpoints.line());
        let answering = Arc::new(Answering::new(site));
        tokio::spawn(accept(secure, Some(TlsAcceptor::from(Arc::new(with_tickets))), Arc::clone(&answering)));
        tokio::spawn(accept(secure_without, Some(TlsAcceptor::from(Arc::new(without))), Arc::clone(&answering)));
        accept(plain, None, answering).await;
        Ok(())
    })
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, answering: Arc<Answering>) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) if peer.ip().is_loopback() => {
                tokio::spawn(secure_and_answer(stream, tls.clone(), Arc::clone(&answering)));
            }
            Ok(_) => {}
            // Out of descriptors, most likely: the clients whose turn is over are still closing theirs.
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

async fn secure_and_answer(stream: TcpStream, tls: Option<TlsAcceptor>, answering: Arc<Answering>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    match tls {
        None => answering.answer(Stream::Plain(stream)).await,
        Some(tls) => answering.answer(Stream::Secure(Box::new(tls.accept(stream).await?))).await,
    }
}

/// An authority, and what servers with a certificate of it present: once with tickets, once without.
fn certified() -> Result<(Vec<u8>, ServerConfig, ServerConfig), Failed> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate()?;
    let authority = params.self_signed(&key)?.der().to_vec();
    let issuer = Issuer::new(params, key);

    let mut leaf = CertificateParams::new(["127.0.0.1".to_owned()])?;
    leaf.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let chain = vec![leaf.signed_by(&key, &issuer)?.der().clone()];
    let config = || {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(&[&TLS13])?
            .with_no_client_auth()
            .with_single_cert(chain.clone(), key)
    };
    let (mut with_tickets, mut without) = (config()?, config()?);
    with_tickets.ticketer = Ticketer::new()?;
    without.send_tls13_tickets = 0;
    Ok((authority, with_tickets, without))
}
