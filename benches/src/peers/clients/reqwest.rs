//! reqwest, with rustls.

use crate::peers::Failed;
use crate::peers::server::Endpoint;

pub(in crate::peers) fn client(endpoint: &Endpoint) -> Result<reqwest::Client, Failed> {
    Ok(reqwest::Client::builder().tls_backend_preconfigured(endpoint.rustls()?).build()?)
}
