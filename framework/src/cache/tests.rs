//! Both places keep what they are given, within their bounds; a file also over its closing.

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};

use super::*;
use crate::policy::cache::{Asked, Candidate, Salt};

fn anybody() -> Asked {
    asking(&[])
}

fn asking(fields: &[(&'static str, &str)]) -> Asked {
    let own = fields.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap()));
    Asked::new(&own.collect(), &HeaderMap::new(), &Salt::of(&[7; 32]))
}

fn response(body: &'static [u8], received: u64) -> Stored {
    let mut fields = HeaderMap::new();
    fields.append("cache-control", HeaderValue::from_static("max-age=60"));
    fields.append("set-cookie", HeaderValue::from_static("a=1"));
    fields.append("set-cookie", HeaderValue::from_static("b=2"));
    fields.append("x-octets", HeaderValue::from_bytes(b"\xff").unwrap());
    let received = UNIX_EPOCH + Duration::from_secs(received);
    Candidate::new(&anybody(), StatusCode::OK, &fields, received).unwrap().with_body(Bytes::from_static(body)).unwrap()
}

async fn bodies(cache: &Cache, url: &str) -> Vec<Bytes> {
    cache.look_up(url, &anybody()).await.iter().map(|stored| stored.body.clone()).collect()
}

async fn keeps_what_it_is_given(cache: &Cache) {
    assert!(cache.look_up("http://a/", &anybody()).await.is_none());
    cache.store("http://a/", response(b"one", 1));
    cache.store("http://b/", response(b"two", 2));
    cache.store("http://a/", response(b"three", 3));
    while cache.figures().entries < 2 || bodies(cache, "http://a/").await != ["three"] {
        tokio::task::yield_now().await;
    }
    let kept = cache.look_up("http://b/", &anybody()).await.unwrap();
    assert_eq!((kept.status, kept.received), (StatusCode::OK, UNIX_EPOCH + Duration::from_secs(2)));
    assert_eq!(kept.fields, response(b"", 0).fields);
    cache.remove("http://a/");
    assert!(cache.look_up("http://a/", &anybody()).await.is_none());
    assert_eq!(cache.figures().entries, 1);
}

#[tokio::test]
async fn memory_keeps_what_it_is_given_until_it_is_told_otherwise() {
    let cache = Cache::in_memory();
    keeps_what_it_is_given(&cache).await;
    cache.clear();
    assert_eq!(cache.figures(), CacheFigures::default());
}

#[tokio::test]
async fn a_file_gives_what_it_was_given_a_moment_before() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::on_disk(folder.path().join("cache"), CacheOptions::default()).unwrap();
    for n in 0..40 {
        cache.store(&format!("http://a/{n}"), response(b"one", 1));
    }
    cache.remove("http://a/38");
    assert_eq!(bodies(&cache, "http://a/39").await, ["one"]);
    assert!(bodies(&cache, "http://a/38").await.is_empty(), "it was taken back on its way");
    assert!(bodies(&cache, "http://a/40").await.is_empty());
    assert_eq!(cache.figures().entries, 39);
}

#[tokio::test]
async fn a_file_keeps_what_it_is_given_over_its_closing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache");
    let cache = Cache::on_disk(&path, CacheOptions::default()).unwrap();
    keeps_what_it_is_given(&cache).await;
    assert!(Cache::on_disk(&path, CacheOptions::default()).is_err(), "it is in use");
    cache.close().await;
    cache.store("http://c/", response(b"late", 4));
    assert!(cache.look_up("http://b/", &anybody()).await.is_none());
    let again = Cache::on_disk(&path, CacheOptions::default()).unwrap();
    assert_eq!(bodies(&again, "http://b/").await, ["two"]);
    assert_eq!(again.figures().entries, 1);
    again.clear();
    again.close().await;
    let empty = Cache::on_disk(&path, CacheOptions::default()).unwrap();
    assert_eq!(empty.figures(), CacheFigures::default());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn neither_grows_over_its_bound() {
    let folder = tempfile::tempdir().unwrap();
    let options = CacheOptions { size: 10_000, ..CacheOptions::default() };
    let disk = Cache::on_disk(folder.path().join("cache"), options).unwrap();
    for cache in [Cache::in_memory_with(options), disk] {
        for n in 0..200 {
            cache.store(&format!("http://a/{n}"), response(&[7; 500], n));
        }
        while cache.look_up("http://a/199", &anybody()).await.is_none() {
            tokio::task::yield_now().await;
        }
        let figures = cache.figures();
        assert!(figures.octets <= 10_000 && figures.entries > 3, "{figures:?}");
        assert!(cache.look_up("http://a/0", &anybody()).await.is_none());
    }
    // A smaller bound holds for what is there already.
    drop(folder);
}

#[tokio::test]
async fn what_is_no_cache_is_refused_and_what_is_broken_in_it_is_not_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache");
    std::fs::write(&path, b"something else, and long enough to be looked at as the head of a file").unwrap();
    let refused = Cache::on_disk(&path, CacheOptions::default()).unwrap_err();
    assert!(refused.to_string().contains("cannot be used"), "{refused}");
    assert!(Cache::on_disk(folder.path(), CacheOptions::default()).is_err(), "a folder");
    for broken in [&b""[..], b"\x01", b"\xff\xff\xff\xff{}", b"{}", b"[]", b"\x02\x00\x00\x00[]body"] {
        assert!(written::read(broken).is_none(), "{broken:?}");
    }
    let whole = written::written(&response(b"body", 1)).unwrap();
    assert_eq!(written::read(&whole).unwrap().fields, response(b"", 0).fields);
    assert!((0..whole.len()).all(|end| written::read(&whole[..end]).is_none()));
}

/// What was stored a moment ago may be on its way to the file still.
#[tokio::test]
async fn a_file_forgets_what_was_stored_just_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache");
    let cache = Cache::on_disk(&path, CacheOptions::default()).unwrap();
    for n in 0..100 {
        cache.store(&format!("http://a/{n}"), response(b"one", n));
        cache.remove(&format!("http://a/{n}"));
    }
    cache.store("http://b/", response(b"two", 1));
    while cache.look_up("http://b/", &anybody()).await.is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(cache.figures().entries, 1);
    for n in 0..100 {
        cache.store(&format!("http://a/{n}"), response(b"one", n));
    }
    cache.clear();
    cache.store("http://b/", response(b"two", 1));
    while cache.look_up("http://b/", &anybody()).await.is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(cache.figures().entries, 1);
}

/// Of many variants with large bodies one is read, by what is known of each beside its body.
#[tokio::test]
async fn a_file_gives_the_variant_that_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache");
    let cache = Cache::on_disk(&path, CacheOptions::default()).unwrap();
    let language = |language| asking(&[("accept-language", language)]);
    let fields = [("cache-control", "max-age=60"), ("vary", "accept-language")];
    let fields: HeaderMap =
        fields.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect();
    for (n, spoken) in ["de", "fr", "it"].into_iter().enumerate() {
        let candidate = Candidate::new(&language(spoken), StatusCode::OK, &fields, UNIX_EPOCH).unwrap();
        cache.store("http://a/", candidate.with_body(vec![n as u8; 1 << 20].into()).unwrap());
    }
    while cache.figures().entries < 3 {
        tokio::task::yield_now().await;
    }
    for (n, spoken) in ["de", "fr", "it"].into_iter().enumerate() {
        let found = cache.look_up("http://a/", &language(spoken)).await.unwrap();
        assert_eq!(found.body, vec![n as u8; 1 << 20]);
    }
    assert!(cache.look_up("http://a/", &language("en")).await.is_none());
    cache.close().await;
}

#[tokio::test]
async fn the_salt_of_a_file_is_its_own_and_stays_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let open = |name: &str| Cache::on_disk(folder.path().join(name), CacheOptions::default()).unwrap();
    let shown = |cache: &Cache| {
        let own = HeaderMap::from_iter([(http::header::AUTHORIZATION, HeaderValue::from_static("Basic dTpw"))]);
        Asked::new(&own, &HeaderMap::new(), cache.salt()).fields()[http::header::AUTHORIZATION].clone()
    };
    let (one, other) = (open("one"), open("other"));
    let digest = shown(&one);
    assert_ne!(digest, shown(&other), "nobody sees that two files are of one person");
    assert_ne!(digest, shown(&Cache::in_memory()));
    one.close().await;
    assert_eq!(digest, shown(&open("one")));
    other.close().await;
}

#[test]
fn bodies_under_way_have_one_bound_together() {
    let options = CacheOptions { under_way: 1000, ..CacheOptions::default() };
    let cache = Cache::in_memory_with(options);
    assert_eq!(cache.longest_body(), 1000);
    let (mut one, mut other) = (cache.room(), cache.clone().room());
    assert!(one.takes(600) && other.takes(300) && !one.takes(101) && !other.takes(usize::MAX));
    drop(one);
    assert!(other.takes(700) && !other.takes(1));
    drop(other);
    assert!(cache.room().takes(1000));
}
