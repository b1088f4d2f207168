//! Requests that were opened and given fields, and not sent. No peer has such a thing.

use hinternet::{Connection, Method, Request};

use super::{Client, Grown, Job};
use crate::peers::Failed;
use crate::peers::clients::ours;

pub(super) const CLIENTS: [Client; 1] = [Client { name: "hinternet", place: "", run: by_ours }];

fn by_ours(job: &Job) -> Result<Grown, Failed> {
    ours::on_the_arbiter(ours::session(&job.endpoint), async |session| {
        let connection = session.connect(&job.endpoint.url(""))?;
        let _first = open(&connection)?;
        job.growth(async { (0..job.count).map(|_| open(&connection)).collect::<Result<Vec<_>, _>>() }).await
    })
}

fn open(connection: &Connection) -> Result<Request, Failed> {
    let request = connection.open_request(Method::GET, "/a/path?with=a&query=too")?;
    for (name, value) in FIELDS {
        request.add_header(name, value)?;
    }
    Ok(request)
}

const FIELDS: [(&str, &str); 6] = [
    ("accept", "text/html,application/xhtml+xml"),
    ("accept-language", "en-GB,en;q=0.7"),
    ("cache-control", "no-cache"),
    ("referer", "http://server.example/where/we/come/from"),
    ("cookie", "session=0123456789abcdef0123456789abcdef"),
    ("x-request-id", "7d444840-9dc0-11d1-b245-5ffdce74fad2"),
];
