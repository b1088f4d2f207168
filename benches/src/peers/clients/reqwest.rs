//! reqwest, with rustls.

use crate::peers::Failed;
use crate::peers::server::Endpoint;

pub(in crate::peers) fn client(endpoint: &Endpoint) -> Result<reqwest::Client, Failed> {
    let builder = reqwest::Client::builder().tls_backend_preconfigured(endpoint.rustls()?);
    Ok(if endpoint.http2 { builder.http2_prior_knowledge() } else { builder }.build()?)
}
