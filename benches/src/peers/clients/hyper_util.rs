//! hyper-util's pooling client, with hyper-rustls.

use bytes::Bytes;
use hyper::body::Body;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::peers::Failed;
use crate::peers::server::Endpoint;

pub(in crate::peers) type HyperUtil<B> = Client<HttpsConnector<HttpConnector>, B>;

pub(in crate::peers) fn client<B>(endpoint: &Endpoint) -> Result<HyperUtil<B>, Failed>
where
    B: Body<Data = Bytes, Error: Into<Failed>> + Send + 'static,
{
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.enforce_http(false);
    let mut tls = endpoint.rustls()?;
    // It says itself what is spoken.
    tls.alpn_protocols.clear();
    let builder = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
    let connector = match endpoint.http2 {
        false => builder.enable_http1().wrap_connector(connector),
        true => builder.enable_http2().wrap_connector(connector),
    };
    Ok(Client::builder(TokioExecutor::new()).http2_only(endpoint.http2).build(connector))
}
