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
use super::endpoint::{HTTP2, NAMES};
use super::{Endpoint, Endpoints, http2};
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
        let mut by_alpn = with_tickets.clone();
        by_alpn.alpn_protocols = vec![HTTP2.to_vec()];
        // All of 127.0.0.0/8, which can be had only with all other addresses; whoever comes from elsewhere is sent away.
        let listen = || TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0));
        let (plain, secure, secure_without) = (listen().await?, listen().await?, listen().await?);
        let (http2, secure_http2) = (listen().await?, listen().await?);
        let endpoint = |listener: &TcpListener, authority: Option<&Vec<u8>>, http2| {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, listener.local_addr()?.port()));
            io::Result::Ok(Endpoint { address, authority: authority.cloned(), http2 })
        };
        let endpoints = Endpoints {
            plain: endpoint(&plain, None, false)?,
            secure: endpoint(&secure, Some(&authority), false)?,
            secure_without_tickets: endpoint(&secure_without, Some(&authority), false)?,
            http2: endpoint(&http2, None, true)?,
            secure_http2: endpoint(&secure_http2, Some(&authority), true)?,
        };
        println!("{}", endpoints.line());
        let answering = Arc::new(Answering::new(site));
        let tls = |config| Some(TlsAcceptor::from(Arc::new(config)));
        for (listener, tls, http2) in [
            (secure, tls(with_tickets), false),
            (secure_without, tls(without), false),
            (http2, None, true),
            (secure_http2, tls(by_alpn), true),
        ] {
            tokio::spawn(accept(listener, Speaks { tls, http2 }, Arc::clone(&answering)));
        }
        accept(plain, Speaks { tls: None, http2: false }, answering).await;
        Ok(())
    })
}

/// How a listener is spoken to.
#[derive(Clone)]
struct Speaks {
    tls: Option<TlsAcceptor>,
    http2: bool,
}

async fn accept(listener: TcpListener, speaks: Speaks, answering: Arc<Answering>) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) if peer.ip().is_loopback() => {
                tokio::spawn(secure_and_answer(stream, speaks.clone(), Arc::clone(&answering)));
            }
            Ok(_) => {}
            // Out of descriptors, most likely: the clients whose turn is over are still closing theirs.
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

async fn secure_and_answer(stream: TcpStream, speaks: Speaks, answering: Arc<Answering>) -> Result<(), Failed> {
    stream.set_nodelay(true)?;
    let stream = match speaks.tls {
        None => Stream::Plain(stream),
        Some(tls) => Stream::Secure(Box::new(tls.accept(stream).await?)),
    };
    if speaks.http2 { http2::answer(&answering, stream).await } else { Ok(answering.answer(stream).await?) }
}

/// An authority, and what servers with a certificate of it present: once with tickets, once without.
fn certified() -> Result<(Vec<u8>, ServerConfig, ServerConfig), Failed> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate()?;
    let authority = params.self_signed(&key)?.der().to_vec();
    let issuer = Issuer::new(params, key);

    let mut leaf = CertificateParams::new(["127.0.0.1".to_owned(), format!("*{NAMES}")])?;
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
