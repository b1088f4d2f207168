//! The chapter for who comes from reqwest: what is said there of both libraries, done by both against one site, with one result.

mod asking;
mod bodies;
mod going_wrong;
mod ways;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use integration_tests::origin::{Origin, Reply};
use integration_tests::request::Request;

/// A site on loopback, and what it is called. Without a default of the process reqwest, with these features, makes no client.
async fn site() -> (Origin, String) {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let asked = AtomicUsize::new(0);
    let site = Origin::start(move |request| answer(request, asked.fetch_add(1, Ordering::Relaxed))).await;
    let url = site.origin();
    (site, url)
}

fn answer(request: &Request, before: usize) -> Reply {
    let field = |name| request.field(name).unwrap_or_default();
    match request.path() {
        "/" | "http://www.example.com/" => Reply::ok("Hello."),
        "/fields" => Reply::ok(format!("{}, {}", field("user-agent"), field("accept-language"))),
        "/notes" if field("x-api-key") != "secret" => Reply::new(403),
        "/notes" => Reply::ok(request.body.clone()).field("content-type", field("content-type")),
        "/form" => Reply::ok([request.target.as_bytes(), &request.body].join(&b' ')),
        "/films" => {
            let body = String::from_utf8_lossy(&request.body);
            let parts = ["name=\"title\"", "A film", "filename=\"film.mp4\"", "video/mp4", "octets"];
            Reply::ok(parts.iter().filter(|part| body.contains(*part)).count().to_string())
        }
        "/upload" => Reply::ok(request.body.len().to_string()),
        "/large" => Reply::ok(vec![b'.'; 256 * 1024]),
        "/login" => Reply::ok("Welcome.").field("set-cookie", "sid=7"),
        "/whoami" => Reply::ok(field("cookie").to_owned()),
        "/old" => Reply::redirect(301, "/"),
        "/slow" => Reply::ok("").after(Duration::from_secs(60 * 60)),
        "/busy" if before == 0 => Reply::new(503),
        "/busy" => Reply::ok("Here I am."),
        _ => Reply::new(404),
    }
}
