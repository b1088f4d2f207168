//! A script from its server: fetched directly, since by a proxy it cannot be, and by a session of its own, so that nothing of
//! the caller's goes there: no cookie, no credential, no field.

use std::sync::Arc;
use std::time::Duration;

use super::PacOptions;
use crate::engine::Engine;
use crate::error::Result;
use crate::options::ProxySettings;
use crate::policy::pac::lifetime;
use crate::session::Session;
use crate::target::Target;

/// A script, and for how long it holds.
#[derive(Clone, Debug)]
pub(super) struct Fetched {
    pub(super) script: Arc<str>,
    pub(super) lifetime: Duration,
}

/// Or why it cannot be had.
pub(super) async fn fetch(target: Target, options: &PacOptions, engine: &Engine) -> Result<Fetched, String> {
    let session = opened(options, engine).map_err(|error| error.to_string())?;
    let fetched = get(&session, target, options).await;
    // Its wires are not worth keeping for the next time.
    let _closing = session.close();
    fetched
}

/// Whatever the options say of proxies: this very script may be what chooses them, and would wait for itself.
fn opened(options: &PacOptions, engine: &Engine) -> Result<Session> {
    let dial = options.dial.clone().proxy(ProxySettings::Direct);
    Session::builder().engine(engine.clone()).dial(dial).open()
}

async fn get(session: &Session, target: Target, options: &PacOptions) -> Result<Fetched, String> {
    let said = |error: crate::error::Error| error.to_string();
    let request = session.get(target).map_err(said)?;
    let accepted = "application/x-ns-proxy-autoconfig, application/x-javascript-config, */*;q=0.8";
    let mut response = request.header("accept", accepted).timeout(options.fetch).send().await.map_err(said)?;
    if !response.status().is_success() {
        return Err(format!("its server answered {}", response.status()));
    }
    let mut octets = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(said)? {
        if octets.len() + chunk.len() > options.script_size {
            return Err(format!("it has more than {} octets", options.script_size));
        }
        octets.extend_from_slice(&chunk);
    }
    let script = String::from_utf8_lossy(&octets);
    let script = script.strip_prefix('\u{feff}').unwrap_or(&script).into();
    Ok(Fetched { script, lifetime: lifetime(response.headers(), options.kept_for) })
}
