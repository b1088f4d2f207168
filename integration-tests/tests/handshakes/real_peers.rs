//! A KDC of MIT Kerberos, and Apache httpd that asks for its tickets or for NTLM by mod_auth_gssapi.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hinternet::{AuthScheme, AuthTarget, Credentials, ErrorCode, Session};
use integration_tests::recorder::Recorder;

const REALM: &str = "EXAMPLE.TEST";
/// Set in the process that is told where the KDC is, which a process is by its environment alone.
const INSIDE: &str = "HANDSHAKES_WITH_APACHE_AT";

/// A server, which ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself: then there is nothing to kill.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

fn start(mut command: Command, port: u16) -> Running {
    let started = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let running = Running(started.unwrap_or_else(|error| panic!("{command:?}: {error}")));
    let patience = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).is_err() {
        assert!(Instant::now() < patience, "{command:?} does not listen");
        std::thread::sleep(Duration::from_millis(10));
    }
    running
}

/// A command of Kerberos that knows no other realm than the one of this folder.
fn kerberos(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.env("KRB5_CONFIG", folder.join("krb5.conf")).env("KRB5_KDC_PROFILE", folder.join("kdc.conf"));
    command
}

fn done(mut command: Command) {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn kdc(folder: &Path) -> Running {
    let (port, at) = (free_port(), folder.display());
    let client = format!(
        "[libdefaults]\n default_realm = {REALM}\n dns_lookup_kdc = false\n dns_lookup_realm = false\n rdns = false\n\
         [realms]\n {REALM} = {{\n  kdc = 127.0.0.1:{port}\n }}\n[domain_realm]\n localhost = {REALM}\n"
    );
    let server = format!(
        "[realms]\n {REALM} = {{\n  database_name = {at}/principal\n  key_stash_file = {at}/stash\n  acl_file = {at}/acl\n\
         \x20 kdc_listen = 127.0.0.1:{port}\n  kdc_tcp_listen = 127.0.0.1:{port}\n }}\n"
    );
    std::fs::write(folder.join("krb5.conf"), client).unwrap();
    std::fs::write(folder.join("kdc.conf"), server).unwrap();
    let mut create = kerberos("/usr/sbin/kdb5_util", folder);
    create.args(["create", "-s", "-P", "master", "-r", REALM]);
    done(create);
    let keytab = folder.join("keytab");
    for order in [
        vec!["addprinc", "+requires_preauth", "-pw", "s3cret", "alice"],
        vec!["addprinc", "-randkey", "HTTP/localhost"],
        vec!["ktadd", "-k", keytab.to_str().unwrap(), "HTTP/localhost"],
    ] {
        let mut admin = kerberos("/usr/sbin/kadmin.local", folder);
        admin.args(["-r", REALM]).args(order);
        done(admin);
    }
    let mut command = kerberos("/usr/sbin/krb5kdc", folder);
    command.arg("-n");
    start(command, port)
}

fn apache(folder: &Path) -> (Running, u16) {
    let (port, at) = (free_port(), folder.display());
    let loaded: String = ["mpm_event", "authn_core", "authz_core", "authz_user", "auth_gssapi", "alias"]
        .map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"))
        .concat();
    let place = |path: &str, asks: &str| {
        format!(
            "<Location {path}>\nAuthType GSSAPI\nAuthName guarded\nRequire valid-user\n{asks}\nRedirect 204 {path}\n</Location>\n"
        )
    };
    let configuration = [
        format!("ServerRoot {at}\nListen 127.0.0.1:{port}\nServerName localhost\nPidFile pid\n"),
        format!("ErrorLog error.log\nDefaultRuntimeDir .\nKeepAlive On\n{loaded}"),
        place("/kerberos/", &format!("GssapiCredStore keytab:{at}/keytab\nGssapiAllowedMech krb5")),
        place("/ntlm/", "GssapiConnectionBound On\nGssapiAllowedMech ntlmssp"),
    ]
    .concat();
    std::fs::write(folder.join("httpd.conf"), configuration).unwrap();
    std::fs::write(folder.join("users"), "EXAMPLE:alice:s3cret\n").unwrap();
    let mut command = kerberos("/usr/sbin/apache2", folder);
    command.env("NTLM_USER_FILE", folder.join("users"));
    command.args(["-X", "-f", "httpd.conf", "-d"]).arg(folder);
    (start(command, port), port)
}

/// Runs the test of this name once more, where it finds the servers.
fn inside(name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let _kdc = kdc(folder.path());
    let (_apache, port) = apache(folder.path());
    let mut command = kerberos(std::env::current_exe().unwrap().to_str().unwrap(), folder.path());
    command.args(["--exact", name, "--ignored", "--nocapture"]).env(INSIDE, format!("http://localhost:{port}"));
    let output = command.output().unwrap();
    let log = std::fs::read_to_string(folder.path().join("error.log")).unwrap_or_default();
    let said = [&output.stdout[..], &output.stderr].concat();
    assert!(output.status.success(), "{}\n{log}", String::from_utf8_lossy(&said));
}

fn apache_at() -> Option<String> {
    std::env::var(INSIDE).ok()
}

#[tokio::test]
#[ignore = "needs krb5-kdc, apache2"]
async fn rfc4559_a_ticket_of_a_kdc_is_shown_and_the_server_proves_who_it_is() {
    let Some(origin) = apache_at() else {
        return inside("real_peers::rfc4559_a_ticket_of_a_kdc_is_shown_and_the_server_proves_who_it_is");
    };
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let get = async |user: &str, password: &str| {
        let get = session.get(format!("{origin}/kerberos/")).unwrap();
        let credentials = Credentials::new(user, password);
        get.credentials(AuthTarget::Server, AuthScheme::Negotiate, credentials)
            .send()
            .await
            .map(|r| r.status().as_u16())
    };
    let user = "EXAMPLE.TEST\\alice";
    for _ in 0..3 {
        assert_eq!(get(user, "s3cret").await.unwrap(), 204);
    }
    let error = get(user, "wrong").await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::LoginFailure, "{error}");
    // An enterprise name, which this KDC does not know: NTLM is all that is left, and is not taken.
    assert_eq!(get("alice@EXAMPLE.TEST", "s3cret").await.unwrap(), 401);
    recorder.finish(session).await;
}

#[tokio::test]
#[ignore = "needs krb5-kdc, apache2"]
async fn ms_nlmp_apache_knows_who_has_the_password_by_ntlm() {
    let Some(origin) = apache_at() else {
        return inside("real_peers::ms_nlmp_apache_knows_who_has_the_password_by_ntlm");
    };
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    for scheme in [AuthScheme::Ntlm, AuthScheme::Negotiate] {
        for (password, expected) in [("s3cret", 204), ("wrong", 401), ("s3cret", 204)] {
            let get = session.get(format!("{origin}/ntlm/")).unwrap();
            let response =
                get.credentials(AuthTarget::Server, scheme, ("EXAMPLE\\alice", password)).send().await.unwrap();
            assert_eq!(response.status(), expected, "{scheme} {password}");
        }
    }
    recorder.finish(session).await;
}
