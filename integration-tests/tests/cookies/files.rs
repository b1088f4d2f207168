//! The files of a jar: whole at every moment, for their owner alone, and read again as they were written.

use hinternet::{CookieFile, CookieJar, SessionCookies};

fn jar() -> CookieJar {
    let jar = CookieJar::new();
    for line in ["sid=1", "all=2; domain=example.com; max-age=5000; httponly; samesite=lax", "safe=3; secure; path=/x"]
    {
        jar.set("https://www.example.com/", line).unwrap();
    }
    jar
}

#[tokio::test]
async fn what_is_saved_is_loaded_and_host_only_survives() {
    let folder = tempfile::tempdir().unwrap();
    for format in [CookieFile::Json, CookieFile::Netscape] {
        let path = folder.path().join(format!("{format:?}"));
        jar().save(&path, format, SessionCookies::Keep).await.unwrap();
        let again = CookieJar::new();
        let loaded = again.load(&path, format).await.unwrap();
        assert_eq!((loaded.taken, loaded.refused), (3, 0));
        let names = |url: &str| {
            let sent = again.for_url(url).unwrap();
            sent.iter().map(|cookie| String::from_utf8_lossy(cookie.name()).into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names("https://www.example.com/x"), ["safe", "sid", "all"], "{format:?}");
        assert_eq!(names("https://example.com/x"), ["all"], "{format:?}");
        assert_eq!(names("http://www.example.com/x"), ["sid", "all"], "{format:?}");
        jar().save(&path, format, SessionCookies::LeaveOut).await.unwrap();
        assert_eq!(CookieJar::new().load(&path, format).await.unwrap().taken, 1, "one that has a time");
    }
    let jar = jar();
    let again = CookieJar::new();
    again.add_octets(CookieFile::Json, &jar.to_octets(CookieFile::Json, SessionCookies::Keep)).unwrap();
    assert_eq!(again.list(), jar.list());
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_is_its_owners_and_nothing_is_left_beside_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jar");
    std::fs::write(&path, "old").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    jar().save(&path, CookieFile::Netscape, SessionCookies::Keep).await.unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_file_that_cannot_be_written_or_read_is_an_error_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("no/such/folder");
    let error = jar().save(&nowhere, CookieFile::Json, SessionCookies::Keep).await.unwrap_err();
    assert!(error.to_string().contains("cannot be written"), "{error}");
    assert_eq!(jar().load(&nowhere, CookieFile::Json).await.unwrap_err().code().number(), 87);
    let path = folder.path().join("broken");
    std::fs::write(&path, "example.com\tFALSE\t/\tFALSE\t0\ta\ts3cret\nnonsense s3cret\n").unwrap();
    let jar = jar();
    let error = jar.load(&path, CookieFile::Netscape).await.unwrap_err();
    assert!(error.to_string().contains("line 2 of"), "{error}");
    assert!(!format!("{error} {error:?}").contains("s3cret"));
    assert_eq!(jar.len(), 3, "nothing of it was taken");
    // A folder is no file, and the old one stays.
    let taken = folder.path().join("taken");
    std::fs::create_dir(&taken).unwrap();
    jar.save(&taken, CookieFile::Json, SessionCookies::Keep).await.unwrap_err();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "and nothing is left beside it");
}

#[test]
fn a_thread_without_a_runtime_saves_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jar");
    let saved = futures_util::FutureExt::now_or_never(jar().save(&path, CookieFile::Json, SessionCookies::Keep));
    saved.expect("it does not wait").unwrap();
    assert!(path.exists());
}
