//! The files of cookies and of HSTS when the disk is full, when their folder may not be written to, and when something else has
//! their place: the old one is as it was, nothing lies beside it, and whoever saves is told (reliability.md 6, row `host`).
//!
//! A limit is set for a process of its own, this very program once more: how large a file may be, which is a full disk to whoever
//! ignores SIGXFSZ; a file system of 16 KiB, where one may be mounted; or another user.
#![cfg(target_os = "linux")]

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use hinternet::{CookieFile, CookieJar, HstsStore, Result, SessionCookies};

const FOLDER: &str = "HINTERNET_TEST_FULL_DISK";
const CHILD: &str = "who_saves_where_there_is_no_room";
const FILES: [&str; 3] = ["json", "netscape", "hsts"];
const REFUSED: &str = "refused: ";

/// What is saved: as much as has room anywhere, or more than has.
fn cookies(count: usize) -> CookieJar {
    let jar = CookieJar::new();
    for n in 0..count {
        jar.set("https://www.example.com/", format!("c{n}={}; max-age=5000", "x".repeat(400))).unwrap();
    }
    jar
}

fn hosts(count: usize) -> HstsStore {
    let store = HstsStore::new();
    for n in 0..count {
        store.add(&format!("host-{n}.example"), Duration::from_secs(5000), true).unwrap();
    }
    store
}

/// Saves so many, in each of the ways there are.
async fn save(folder: &Path, count: usize) -> [Result<()>; 3] {
    let (jar, hosts) = (cookies(count), hosts(10 * count));
    [
        jar.save(folder.join("json"), CookieFile::Json, SessionCookies::Keep).await,
        jar.save(folder.join("netscape"), CookieFile::Netscape, SessionCookies::Keep).await,
        hosts.save(folder.join("hsts")).await,
    ]
}

/// How many can be loaded of what was saved so.
async fn load(folder: &Path) -> [usize; 3] {
    let (json, netscape, hosts) = (CookieJar::new(), CookieJar::new(), HstsStore::new());
    [
        json.load(folder.join("json"), CookieFile::Json).await.unwrap().taken,
        netscape.load(folder.join("netscape"), CookieFile::Netscape).await.unwrap().taken,
        hosts.load(folder.join("hsts")).await.unwrap(),
    ]
}

/// What is in a folder, file by file; of one that cannot be listed those that are known.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all: Vec<_> = match std::fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| entry.unwrap().path()).collect(),
        Err(_) => FILES.map(|name| folder.join(name)).into(),
    };
    all.sort();
    all.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

/// The child. Where nobody has told it where to save it has nothing to do.
#[tokio::test]
async fn who_saves_where_there_is_no_room() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    if files(&folder).is_empty() {
        save(&folder, 2).await.into_iter().for_each(Result::unwrap);
    }
    let before = files(&folder);
    assert_eq!((before.len(), load(&folder).await), (3, [2, 2, 20]));
    for refused in save(&folder, 150).await {
        let error = refused.unwrap_err();
        assert_eq!(error.code().number(), 87, "{error}");
        // A line of its own: the test runner may have begun one.
        println!("\n{REFUSED}{error}");
        assert!(files(&folder) == before, "the old files are not what they were, or not alone");
    }
    assert_eq!(load(&folder).await, [2, 2, 20]);
    let may_be_written = std::fs::metadata(&folder).unwrap().permissions().mode() & 0o600 == 0o600;
    if may_be_written {
        save(&folder, 1).await.into_iter().for_each(Result::unwrap);
        assert_eq!(load(&folder).await, [1, 1, 10], "what has room is saved");
    }
}

/// Lets the child save there; how each was refused.
fn refused(mut command: Command, folder: &Path) -> Vec<String> {
    let ended = command.args(["--exact", CHILD, "--nocapture"]).env(FOLDER, folder).output().unwrap();
    let (said, complained) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{said}\n{complained}");
    said.lines().filter_map(|line| line.strip_prefix(REFUSED)).map(str::to_owned).collect()
}

/// A shell that does this first, and then is the child.
const THEN: &str = "&& exec \"$0\" \"$@\"";

fn behind(first: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{first} {THEN}")]).arg(std::env::current_exe().unwrap());
    shell
}

/// All that it mounts is there for it alone, and gone with it.
fn behind_a_mount(folder: &Path, then: &str) -> Command {
    let mut shell = Command::new("unshare");
    let mount = format!("mount -t tmpfs -o size=16k none \"${FOLDER}\" {then}");
    shell.args(["--user", "--map-root-user", "--mount", "sh", "-c", &mount]);
    shell.arg(std::env::current_exe().unwrap()).env(FOLDER, folder);
    shell
}

#[test]
fn a_file_system_without_room_leaves_the_old_file_whole_and_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    // In blocks of 512 octets, or of 1 KiB where the shell is bash.
    let told = refused(behind("trap '' XFSZ && ulimit -f 16"), folder.path());
    assert_eq!(told.len(), 3);
    assert!(told.iter().all(|told| told.contains("cannot be written") && told.contains("os error 27")), "{told:?}");
    assert_eq!(files(folder.path()).len(), 3);

    let folder = tempfile::tempdir().unwrap();
    let may_mount = behind_a_mount(folder.path(), "").output().is_ok_and(|tried| tried.status.success());
    if !may_mount {
        println!("no file system may be mounted here: a limit of files has to do for a full disk");
        return;
    }
    let told = refused(behind_a_mount(folder.path(), THEN), folder.path());
    assert_eq!(told.len(), 3);
    assert!(told.iter().all(|told| told.contains("cannot be written") && told.contains("os error 28")), "{told:?}");
}

/// The child as somebody who is not above all permissions. The program may be where only root comes, but runs already.
fn as_anybody(folder: &Path) -> Command {
    let mut child = Command::new("/proc/self/exe");
    if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
        child.uid(NOBODY).gid(NOBODY);
        std::iter::once(folder.to_owned())
            .chain(files(folder).into_iter().map(|(path, _)| path))
            .for_each(|path| chown(path, Some(NOBODY), Some(NOBODY)).unwrap());
    }
    child
}

#[tokio::test]
async fn a_folder_that_may_not_be_written_to_or_opened_leaves_the_old_file_whole_and_is_told_of() {
    for mode in [0o555, 0o300] {
        let folder = tempfile::tempdir().unwrap();
        save(folder.path(), 2).await.into_iter().for_each(Result::unwrap);
        let before = files(folder.path());
        let child = as_anybody(folder.path());
        std::fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
        let told = refused(child, folder.path());
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        assert_eq!(told.len(), 3);
        assert!(told.iter().all(|told| told.contains("cannot be written") && told.contains("os error 13")), "{told:?}");
        assert!(files(folder.path()) == before);
    }
}

#[tokio::test]
async fn a_place_that_is_taken_is_told_of_and_nothing_is_left_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    for name in FILES {
        std::fs::create_dir_all(folder.path().join(name).join("full")).unwrap();
    }
    for refused in save(folder.path(), 2).await {
        let error = refused.unwrap_err();
        assert_eq!(error.code().number(), 87);
        assert!(error.to_string().contains("cannot be written"), "{error}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
}

/// Who has nothing.
const NOBODY: u32 = 65_534;
