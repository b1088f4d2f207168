//! One walk: a request with secrets, wherever the answers lead it.

use std::sync::Arc;

use hinternet::{
    AuthScheme, AuthSchemes, AuthTarget, Credentials, HeaderMap, HeaderValue, Method, RedirectDecider,
    RedirectDecision, RedirectOptions, RedirectPolicy, RequestBuilder, Session,
};
use integration_tests::patiently;

use crate::answers::cookie;
use crate::graph::{SITES, of_site};
use crate::secrets::Parties;
use crate::session::{NAMED, Ways, credentials, proxies, ways};
use crate::world::{State, World};

/// Sends one request, follows it to its end, and shows all that can be shown of it.
pub(crate) async fn walk(world: &Arc<World>, session: &Session, ways: &Ways, name: String) {
    let n = world.below(SITES.len());
    let method = [Method::GET, Method::GET, Method::HEAD, Method::POST, Method::PUT][world.below(5)].clone();
    world.begin(format!("{name}: {method} to origin {n}"));
    if world.percent(30) {
        let line = {
            let State { chance, secrets, .. } = &mut *world.state();
            cookie(chance, secrets, n)
        };
        // One that is refused is for nobody.
        if let Err(error) = session.cookies().set(&*format!("{}/", SITES[n].origin()), &line) {
            show_error(world, &error);
        }
    }
    let request = request(world, session, ways, n, method);
    world.debug("a builder", &request);
    match patiently("an answer", request.send()).await {
        Ok(response) => {
            world.debug("a response", &response);
            world.debug("a head", response.head());
            world.debug("a request", response.handle());
            world.debug("options", &response.handle().options());
            if world.percent(80)
                && let Err(error) = patiently("a body", response.text()).await
            {
                show_error(world, &error);
            }
        }
        Err(error) => show_error(world, &error),
    }
}

fn request(world: &Arc<World>, session: &Session, ways_of_session: &Ways, n: usize, method: Method) -> RequestBuilder {
    let home = of_site(n);
    let plant = |what: &str| world.plant(format!("{what} for origin {n}"), home);
    let query = plant("the query");
    let has_body = matches!(method, Method::POST | Method::PUT);
    let mut request =
        session.request(method, &*format!("{}/p{}?q={query}", SITES[n].origin(), world.below(4))).unwrap();
    let mut met = ways_of_session.met[n];
    if world.percent(15) {
        let ways = ways(world, &proxies(world));
        met = ways.met[n];
        request = request.proxy(ways.settings);
    }
    if world.percent(20) {
        request = request.header("authorization", format!("Made {}", plant("Authorization by hand")));
    }
    if world.percent(25) {
        request = request.header("cookie", format!("hand={}", plant("Cookie by hand")));
    }
    if world.percent(30) {
        let mut value = HeaderValue::try_from(plant("a field marked as sensitive")).unwrap();
        value.set_sensitive(true);
        request = request.headers(HeaderMap::from_iter([("x-marked".parse().unwrap(), value)]));
    }
    if world.percent(30) {
        request = request.header("x-named", plant("a field named as sensitive"));
    }
    if world.percent(45) {
        request = match NAMED[world.below(NAMED.len())] {
            None => request.credentials(
                AuthTarget::Server,
                AuthSchemes::all(),
                credentials(world, &format!("origin {n} by a request"), home),
            ),
            Some(AuthScheme::Basic) => request.basic_auth(&plant("a user"), &plant("a password")),
            Some(AuthScheme::Bearer) => request.bearer_auth(&plant("a token")),
            Some(_) => {
                let password = world.plant("a password for Digest", Parties::NOBODY);
                request.digest_auth(&plant("a user for Digest"), &password)
            }
        };
    }
    if world.percent(15) && !met.is_nobody() {
        let part = |what: &str| world.plant(format!("{what} of a request for its proxy"), met);
        let schemes = if world.percent(50) { AuthSchemes::BASIC } else { AuthSchemes::all() };
        let credentials = Credentials::new(part("the user"), part("the password"));
        request = request.credentials(AuthTarget::Proxy, schemes, credentials);
    }
    if has_body {
        let body = {
            let State { chance, secrets, .. } = &mut *world.state();
            let body = secrets.plant(chance, "a body", home);
            secrets.goes_along();
            body
        };
        request = request.body(body);
    }
    request.redirects(redirects(world))
}

fn redirects(world: &Arc<World>) -> RedirectOptions {
    let policy = if world.percent(85) { RedirectPolicy::Always } else { RedirectPolicy::default() };
    let mut redirects = RedirectOptions::from(policy);
    redirects.sensitive.push("x-named".parse().unwrap());
    redirects.danger_keep_credentials = world.is_careless;
    if world.percent(30) {
        let world = Arc::clone(world);
        redirects.decider = Some(RedirectDecider::function(move |redirect| {
            world.debug("a redirect", &redirect);
            RedirectDecision::Follow(redirect)
        }));
    }
    redirects
}

pub(crate) fn show_error(world: &World, error: &hinternet::Error) {
    world.debug("an error", error);
    let mut next: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = next {
        world.note("an error", format!("{error} {error:?}"));
        next = error.source();
    }
}
