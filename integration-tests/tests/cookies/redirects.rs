//! Each hop carries the jar's cookies for its own URL; what was set by hand stays with the origin it was set for.

use integration_tests::origin::Origin;

use crate::place::{Place, cookies, setting};

fn through(urls: &[String]) -> String {
    let (first, rest) = urls.split_first().expect("one at least");
    if rest.is_empty() {
        return first.clone();
    }
    let joint = if first.contains('?') { '&' } else { '?' };
    let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("to", &through(rest)).finish();
    format!("{first}{joint}{query}")
}

#[tokio::test]
async fn a_redirect_sets_cookies_and_the_next_hop_carries_them() {
    let place = Place::new().await;
    let url = through(&[place.url("a.example", "/login?set=sid%3D1"), place.url("a.example", "/home")]);
    place.session.get(url).unwrap().send().await.unwrap();
    let log = place.origin.log();
    assert_eq!((log.len(), cookies(&log[0]), cookies(&log[1])), (2, vec![], vec!["sid=1".to_owned()]));
    place.end().await;
}

#[tokio::test]
async fn jar_cookies_are_those_of_each_hop_and_hand_set_ones_do_not_come_back() {
    let place = Place::new().await;
    let other = Origin::start(setting).await;
    place.has_set("a.example", "/", "of-a=1").await;
    place.has_set("b.example", "/", "of-b=2").await;
    let there = format!("{}/?set=new-b%3D3", other.origin_named("b.example"));
    let url = through(&[place.url("a.example", "/"), there, place.url("a.example", "/end")]);
    let request = place.session.get(url).unwrap().header("cookie", "by-hand=s3cret");
    request.send().await.unwrap();
    let log = place.origin.log();
    assert_eq!(cookies(&log[2]), ["by-hand=s3cret; of-a=1"]);
    assert_eq!(cookies(&other.log()[0]), ["of-b=2"], "another origin");
    assert_eq!(cookies(&log[3]), ["of-a=1"], "back again, and without what was set by hand");
    assert_eq!(place.sent("b.example", "/").await, ["of-b=2; new-b=3"]);
    place.end().await;
}

#[tokio::test]
async fn a_hop_that_ends_a_cookie_ends_it_for_the_next() {
    let place = Place::new().await;
    place.has_set("a.example", "/", "sid=1").await;
    let url = through(&[place.url("a.example", "/?set=sid%3D%3B+max-age%3D0"), place.url("a.example", "/")]);
    place.session.get(url).unwrap().send().await.unwrap();
    assert_eq!(place.last(), [""; 0]);
    place.end().await;
}
