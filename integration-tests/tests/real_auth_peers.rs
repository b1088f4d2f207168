//! Apache httpd and nginx ask for credentials, by Digest and by Basic, and are answered as the doubles are.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hinternet::{AuthReason, AuthScheme, AuthSchemes, AuthTarget, HandleId, RequestBuilder, Session, Status};
use integration_tests::recorder::Recorder;

const ALICE: (&str, &str) = ("alice", "s3cret");
/// MD5 of `alice:guarded:s3cret`, for mod_auth_digest.
const DIGEST: &str = "alice:guarded:c1d16464bf768820494ddbef9794f193\n";
/// The password as nginx and mod_authn_file both read it.
const BASIC: &str = "alice:$apr1$saltsalt$64vPg1.FPS6FtcYJ7Ti1V.\n";

/// A server of its own folder, which ends with the test.
struct Peer {
    _folder: tempfile::TempDir,
    process: Child,
    port: u16,
}

impl Peer {
    fn start(start: impl FnOnce(&Path, u16) -> Command) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("digest"), DIGEST).unwrap();
        std::fs::write(folder.path().join("basic"), BASIC).unwrap();
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut command = start(folder.path(), port);
        let started = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let process = started.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let patience = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).is_err() {
            assert!(Instant::now() < patience, "{command:?} does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
        Self { _folder: folder, process, port }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself: then there is nothing to kill.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn apache() -> Peer {
    Peer::start(|folder, port| {
        let modules = "/usr/lib/apache2/modules/mod_";
        let loaded: String =
            ["mpm_event", "authn_core", "authn_file", "authz_core", "authz_user", "auth_basic", "auth_digest", "alias"]
                .map(|name| format!("LoadModule {name}_module {modules}{name}.so\n"))
                .concat();
        let place = |path: &str, asks: &str| {
            format!(
                "<Location {path}>\nAuthName guarded\nRequire valid-user\n{asks}\nRedirect 204 {path}\n</Location>\n"
            )
        };
        let digest = "AuthType Digest\nAuthDigestProvider file\nAuthUserFile digest";
        let configuration = [
            format!("ServerRoot {}\nListen 127.0.0.1:{port}\nServerName a.example\nPidFile pid\n", folder.display()),
            format!("ErrorLog error.log\nDefaultRuntimeDir .\n{loaded}"),
            "<IfModule unixd_module>\n</IfModule>\n".to_owned(),
            place("/basic/", "AuthType Basic\nAuthBasicProvider file\nAuthUserFile basic"),
            place("/digest/", digest),
            place("/once/", &format!("{digest}\nAuthDigestNonceLifetime 0")),
        ]
        .concat();
        std::fs::write(folder.join("httpd.conf"), configuration).unwrap();
        let mut command = Command::new("/usr/sbin/apache2");
        command.args(["-X", "-f", "httpd.conf", "-d"]).arg(folder);
        command
    })
}

async fn status(builder: RequestBuilder) -> (u16, HandleId) {
    let response = builder.send().await.unwrap();
    let answer = (response.status().as_u16(), response.handle().id());
    drop(response.bytes().await);
    answer
}

/// Why credentials were shown.
async fn reasons(recorder: &Recorder, handle: HandleId) -> Vec<AuthReason> {
    recorder.wait_for_closing(handle).await;
    let reason = |status: &Status| match status {
        Status::Authenticating { reason, .. } => Some(*reason),
        _ => None,
    };
    recorder.of(handle).iter().filter_map(|notification| reason(&notification.status)).collect()
}

#[tokio::test]
#[ignore = "needs apache2"]
async fn apache_accepts_digest_counted_and_once_and_basic() {
    use AuthReason::{Challenged, Remembered};
    let (peer, recorder) = (apache(), Recorder::start());
    let session = recorder.session(Session::builder().credentials(&peer.url(""), ALICE));
    for (path, then) in [("/digest/", vec![Remembered]), ("/once/", vec![Remembered])] {
        for expected in [vec![Challenged], then.clone(), then] {
            let (status, handle) = status(session.get(peer.url(path)).unwrap()).await;
            assert_eq!((status, reasons(&recorder, handle).await), (204, expected), "{path}");
        }
        session.credentials().forget_accepted();
    }
    let wrong = session.get(peer.url("/digest/")).unwrap().digest_auth("alice", "wrong");
    assert_eq!(status(wrong).await.0, 401);
    let ten = (0..10).map(|_| status(session.get(peer.url("/digest/?q=\"x y\"")).unwrap()));
    for (status, _) in futures_util::future::join_all(ten).await {
        assert_eq!(status, 204);
    }
    let basic = || session.get(peer.url("/basic/")).unwrap();
    assert_eq!(status(basic()).await.0, 401, "not without TLS, unless that is asked for");
    assert_eq!(status(basic().basic_auth(ALICE.0, ALICE.1)).await.0, 204);
    assert_eq!(status(basic().basic_auth("alice", "wrong")).await.0, 401);
    recorder.finish(session).await;
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn nginx_accepts_basic_when_asked_and_then_unasked() {
    let peer = Peer::start(|folder, port| {
        let configuration = format!(
            "daemon off; master_process off; worker_processes 1; pid nginx.pid; events {{ worker_connections 64; }}\n\
             http {{ access_log off; client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t;\n\
             scgi_temp_path t; server {{ listen 127.0.0.1:{port}; location / {{ auth_basic guarded;\n\
             auth_basic_user_file basic; empty_gif; }} }} }}\n"
        );
        std::fs::write(folder.join("nginx.conf"), configuration).unwrap();
        let mut command = Command::new("/usr/sbin/nginx");
        command.args(["-e", "error.log", "-c", "nginx.conf", "-p"]).arg(folder);
        command
    });
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    session.credentials().set(AuthTarget::Server, "127.0.0.1", AuthSchemes::BASIC, ALICE).unwrap();
    for expected in [AuthReason::Challenged, AuthReason::Remembered] {
        let (status, handle) = status(session.get(peer.url("/a")).unwrap()).await;
        assert_eq!((status, reasons(&recorder, handle).await), (200, vec![expected]));
    }
    let wrong =
        session.get(peer.url("/a")).unwrap().credentials(AuthTarget::Server, AuthScheme::Basic, ("alice", "no"));
    assert_eq!(status(wrong).await.0, 401);
    recorder.finish(session).await;
}
