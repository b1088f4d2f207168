//! How curl's options about redirects are told to the library.

use hinternet::{Method, RedirectDecider, RedirectDecision, RedirectOptions, RedirectPolicy, Target};

use super::authority::Located;
use super::base64;
use super::command::{Follow, Options};

impl Options {
    pub(crate) fn set_redirects(&self, redirects: &mut RedirectOptions, keeps_credentials: bool) {
        if self.follow == Follow::Never {
            *redirects = RedirectPolicy::Never.into();
            return;
        }
        *redirects = RedirectPolicy::Always.into();
        redirects.limit = self.max_redirects.map_or(CURLS_LIMIT, |most| u32::try_from(most).unwrap_or(CURLS_LIMIT));
        redirects.danger_keep_credentials = keeps_credentials;
        let own_method = self.method.as_ref().map(|method| Method::from_bytes(method.as_bytes()).expect("a method"));
        let (follow, stays) = (self.follow, self.post_stays.clone());
        let tells_referer = self.referer.as_deref().is_some_and(|referer| referer.ends_with(";auto"));
        redirects.decider = Some(RedirectDecider::function(move |mut redirect| {
            // The program posts again itself, which the library does after no such status.
            if stays.contains(&redirect.status().as_u16()) {
                return RedirectDecision::Deliver;
            }
            match (&own_method, follow) {
                (Some(method), Follow::Location) => redirect.method = method.clone(),
                (Some(_), _) if redirect.status() == 302 => redirect.method = Method::GET,
                _ => {}
            }
            // What curl's library makes of a Location and ours does not unless it is told to: more than three slashes are an error,
            // blanks in a query become plus signs, and credentials are shown.
            let location = redirect.response_headers().get("location").and_then(|location| location.to_str().ok());
            let location = location.unwrap_or_default().to_owned();
            if location.contains(":////") {
                return RedirectDecision::Refuse;
            }
            if location.split_once('?').is_some_and(|(_, query)| query.contains(' ')) {
                let (path, query) = location.split_once('?').expect("there is one");
                let written = format!("{path}?{}", query.replace(' ', "+"));
                let base = url::Url::parse(&redirect.from().url()).expect("a URL");
                let joined = base.join(&written).expect("as good as the one that the library has read");
                redirect.target = Target::parse(joined.as_str()).expect("a target");
            }
            if let Some((user, password)) = Located::read(&location, "http").user {
                let shown = format!("Basic {}", base64::encode(format!("{user}:{password}").as_bytes()));
                redirect.headers.insert("authorization", shown.parse().expect("base64 is a field's value"));
            }
            if tells_referer {
                let referer = redirect.from().url();
                let referer = referer.split('#').next().unwrap_or_default();
                redirect.headers.insert("referer", referer.parse().expect("a URL is a field's value"));
            }
            RedirectDecision::Follow(redirect)
        }));
    }

    /// Does the program follow this one itself, because POST is to stay POST?
    pub(crate) fn posts_again(&self, status: u16) -> bool {
        self.follow != Follow::Never && self.post_stays.contains(&status)
    }
}

/// How many redirects in a row curl follows if it is not told.
const CURLS_LIMIT: u32 = 50;
