//! awc, actix-web's client: it lives on an arbiter alone.

use awc::Client;

use super::callers::{Answered, Caller, Turn, calls};
use crate::peers::Failed;

pub(super) fn run(turn: &Turn) -> Result<Answered, Failed> {
    actix_rt::System::new().block_on(async {
        // Its connector keeps a hundred connections by default; a caller must not wait for another one's.
        let connector = awc::Connector::new().limit(turn.in_flight);
        let client = Client::builder().connector(connector).add_default_header(("accept", "*/*")).finish();
        let caller = Awc { client, url: turn.url() };
        let callers = vec![caller; turn.in_flight];
        turn.drive(callers, |caller, each| actix_rt::spawn(calls(caller, each))).await
    })
}

#[derive(Clone)]
struct Awc {
    client: Client,
    url: String,
}

impl Caller for Awc {
    async fn call(&mut self) -> Result<usize, Failed> {
        let request = self.client.get(self.url.as_str()).insert_header(("user-agent", "awc"));
        let mut response = request.send().await.map_err(|error| error.to_string())?;
        Ok(response.body().await?.len())
    }
}
