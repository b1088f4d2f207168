//! OpenSSL, nginx and caddy as TLS servers, right and wrong: the flags, the sequence and the sentence are those of the doubles.

#[path = "contract_tls/place.rs"]
#[allow(dead_code, reason = "what only the contract's own tests use")]
mod place;

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hinternet::tls::{Revocation, TlsOptions, TlsVersions};
use hinternet::{ErrorCode, SecureFailureFlags as Flags};
use integration_tests::certificates::{Authority, Identity, Leaf, pem};
use integration_tests::recorder::Recorder;

use place::{Asked, NAME, ask_at, builder, leaf, trusting};

/// How a server is set up.
struct Setup {
    name: &'static str,
    identity: Identity,
    only: Option<Version>,
    asks_clients: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    Tls12,
    Tls13,
}

/// The authorities and the set-ups that all servers are given.
struct World {
    authority: Authority,
    clients: Authority,
    setups: Vec<Setup>,
}

impl World {
    fn new() -> Self {
        let (authority, clients) = (place::authority(), Authority::new("Clients"));
        let between = authority.intermediate("In between", |leaf| leaf);
        let plain = |name, identity| Setup { name, identity, only: None, asks_clients: false };
        let only = |name, version| Setup { only: Some(version), ..plain(name, authority.issue(leaf())) };
        let asking = |name, version| Setup { asks_clients: true, ..only(name, version) };
        let setups = vec![
            plain("good", between.issue(leaf())),
            plain("expired", authority.issue(leaf().expired())),
            plain("wrong-name", authority.issue(Leaf::for_names(["other.example"]))),
            plain("wrong-usage", authority.issue(leaf().for_clients())),
            plain("self-signed", Identity::self_signed(leaf().as_authority())),
            plain("unknown", Authority::new("Nobody knows me").issue(leaf())),
            plain("revoked", authority.issue(leaf())),
            only("tls12", Version::Tls12),
            asking("clients12", Version::Tls12),
            asking("clients13", Version::Tls13),
        ];
        Self { authority, clients, setups }
    }

    fn identity(&self, name: &str) -> &Identity {
        &self.setups.iter().find(|setup| setup.name == name).unwrap().identity
    }

    fn write(&self, folder: &Path) {
        let write = |name: String, text: &str| std::fs::write(folder.join(name), text).unwrap();
        for setup in &self.setups {
            write(format!("{}.pem", setup.name), &setup.identity.chain_pem());
            write(format!("{}.key", setup.name), &setup.identity.key_pem());
        }
        write("clients.pem".to_owned(), &pem(self.clients.der()));
        // For OpenSSL, which sends a file as it is.
        write("index".to_owned(), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    }

    /// All that is the same for every server.
    async fn holds_for(&self, servers: &Servers) {
        servers.ask("good", trusting(&self.authority)).await.security();
        let security = servers.ask("tls12", trusting(&self.authority)).await.security();
        assert_eq!(security.protocol, "TLS 1.2");
        assert!(security.cipher_suite.starts_with("TLS_ECDHE_"), "{}", security.cipher_suite);
        let faults = [
            ("expired", Flags::CERT_DATE_INVALID, "expired on 2002-01-02"),
            ("wrong-name", Flags::CERT_CN_INVALID, "is for other.example, not for good.example"),
            ("wrong-usage", Flags::CERT_WRONG_USAGE, "not made for servers"),
            ("self-signed", Flags::INVALID_CA, "it signed itself"),
            ("unknown", Flags::INVALID_CA, "its issuer is CN=Nobody knows me"),
        ];
        for (name, flags, words) in faults {
            let asked = servers.ask(name, trusting(&self.authority)).await;
            assert_eq!(asked.names, FAILURE, "{name}");
            let text = asked.refused_for(flags).to_string();
            assert!(text.contains(words), "{text}");
        }
        let list = Revocation::by_lists([self.authority.revoke([self.identity("revoked")])]);
        servers.ask("revoked", trusting(&self.authority)).await.security();
        let asked = servers.ask("revoked", trusting(&self.authority).revocation(list)).await;
        assert_eq!(asked.names, FAILURE, "revoked");
        let text = asked.refused_for(Flags::CERT_REVOKED).to_string();
        assert!(text.contains("the certificate of good.example was revoked"), "{text}");
        let asked = servers.ask("tls12", trusting(&self.authority).versions(TlsVersions::Only13)).await;
        assert_eq!(asked.names, FAILURE, "only an older version");
        let text = asked.refused_for(Flags::SECURITY_CHANNEL_ERROR).to_string();
        assert!(text.contains("none of the TLS versions that are offered"), "{text}");
        for name in ["clients12", "clients13"] {
            let me = self.clients.issue(Leaf::for_client("me")).client();
            servers.ask(name, trusting(&self.authority).client_identity(me)).await.security();
        }
    }

    /// Of servers that refuse in TLS a client without a certificate.
    async fn holds_for_clients(&self, servers: &Servers) {
        for name in ["clients12", "clients13"] {
            let asked = servers.ask(name, trusting(&self.authority)).await;
            // It is no failure of the server's certificate. TLS 1.2 refuses in the handshake, TLS 1.3 after it.
            let (expected, secured) =
                ([&FAILURE[..6], &FAILURE[7..]].concat(), asked.names.contains(&"ConnectionSecured"));
            assert!(asked.names.ends_with(&FAILURE[7..]), "{name}: {:?}", asked.names);
            assert!(!asked.names.contains(&"SecureFailure"), "{name}: {:?}", asked.names);
            assert!(
                secured == (name == "clients13") && (secured || asked.names == expected),
                "{name}: {:?}",
                asked.names
            );
            let error = asked.error();
            assert_eq!(error.code(), ErrorCode::ClientAuthCertNeeded, "{name}: {error}");
            assert!(error.to_string().contains("a client certificate of CN=Clients"), "{error}");
        }
    }
}

const FAILURE: [&str; 11] = [
    "HandleCreated",
    "ResolvingName",
    "NameResolved",
    "ConnectingToServer",
    "ConnectedToServer",
    "SecuringConnection",
    "SecureFailure",
    "ClosingConnection",
    "ConnectionClosed",
    "RequestError",
    "HandleClosing",
];

#[tokio::test]
#[ignore = "needs openssl"]
async fn openssl_is_judged_as_the_doubles_are() {
    let world = World::new();
    let servers = Servers::start(&world, |folder, world, ports| {
        let start = |(setup, port): (&Setup, &u16)| {
            let mut command = Command::new("openssl");
            command.args(["s_server", "-quiet", "-HTTP", "-accept", &format!("127.0.0.1:{port}")]);
            let (chain, key) = (format!("{}.pem", setup.name), format!("{}.key", setup.name));
            command.args(["-cert", &chain, "-key", &key, "-cert_chain", &chain]);
            command.args(setup.only.map(|version| if version == Version::Tls12 { "-tls1_2" } else { "-tls1_3" }));
            if setup.asks_clients {
                command.args(["-Verify", "1", "-verify_return_error", "-CAfile", "clients.pem"]);
            }
            spawn(command.current_dir(folder))
        };
        world.setups.iter().zip(ports).map(start).collect()
    });
    world.holds_for(&servers).await;
    world.holds_for_clients(&servers).await;
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn nginx_is_judged_as_the_doubles_are_and_takes_sessions_up_again() {
    let world = World::new();
    let servers = Servers::start(&world, |folder, world, ports| {
        let mut sites = String::new();
        for (setup, port) in world.setups.iter().zip(ports) {
            let name = setup.name;
            let versions = match setup.only {
                None => "TLSv1.2 TLSv1.3",
                Some(Version::Tls12) => "TLSv1.2",
                Some(Version::Tls13) => "TLSv1.3",
            };
            let clients =
                if setup.asks_clients { "ssl_verify_client on; ssl_client_certificate clients.pem;" } else { "" };
            let _infallible = writeln!(
                sites,
                "server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {name}.pem; ssl_certificate_key {name}.key; \
                 ssl_protocols {versions}; {clients} location / {{ return 200 ok; }} }}"
            );
        }
        let configuration = format!(
            "daemon off; master_process off; worker_processes 1; pid nginx.pid; events {{ worker_connections 256; }}\n\
             http {{ log_format tls \"$server_port $ssl_protocol $ssl_session_reused\"; access_log access.log tls;\n\
             ssl_session_cache builtin; keepalive_timeout 0;\n\
             client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t; scgi_temp_path t;\n\
             {sites} }}\n"
        );
        std::fs::write(folder.join("nginx.conf"), configuration).unwrap();
        let mut command = Command::new("/usr/sbin/nginx");
        vec![spawn(command.args(["-e", "error.log", "-c", "nginx.conf", "-p"]).arg(folder))]
    });
    world.holds_for(&servers).await;
    // nginx goes through with the handshake, and says by HTTP what it wants.
    let recorder = Recorder::start();
    let session = recorder.session(builder(trusting(&world.authority)));
    let refused = session.get(servers.url("clients13")).unwrap().send().await.unwrap();
    assert_eq!(refused.status(), 400);
    assert!(refused.text().await.unwrap().contains("No required SSL certificate was sent"));
    for name in ["good", "tls12"] {
        let mut resumed = Vec::new();
        for _ in 0..2 {
            let response = session.get(servers.url(name)).unwrap().send().await.unwrap();
            resumed.push(response.security_info().unwrap().resumed);
            assert_eq!(response.text().await.unwrap(), "ok");
        }
        assert_eq!(resumed, [false, true], "{name}");
    }
    recorder.finish(session).await;
    let log = servers.stop_and_read("access.log");
    let last: Vec<_> = log.lines().rev().take(4).map(|line| line.split_once(' ').unwrap().1).collect();
    assert_eq!(last, ["TLSv1.2 r", "TLSv1.2 .", "TLSv1.3 r", "TLSv1.3 ."], "{log}");
}

#[tokio::test]
#[ignore = "needs caddy"]
async fn caddy_is_judged_as_the_doubles_are() {
    let world = World::new();
    let servers = Servers::start(&world, |folder, world, ports| {
        let mut sites =
            "{\n admin off\n auto_https off\n default_sni other.example\n servers {\n protocols h1\n }\n}\n".to_owned();
        // Over HTTP/2 the end of a wire is told to the handle above, not to a request; it has tests of its own.
        for (setup, port) in world.setups.iter().zip(ports) {
            let name = setup.name;
            let versions = match setup.only {
                None => "",
                Some(Version::Tls12) => "protocols tls1.2 tls1.2",
                Some(Version::Tls13) => "protocols tls1.3",
            };
            let clients = "client_auth {\n mode require_and_verify\n trusted_ca_cert_file clients.pem\n }";
            let clients = if setup.asks_clients { clients } else { "" };
            let _infallible = writeln!(
                sites,
                "https://:{port} {{\n bind 127.0.0.1\n tls {name}.pem {name}.key {{\n {versions}\n {clients}\n }}\n respond ok\n}}"
            );
        }
        std::fs::write(folder.join("Caddyfile"), sites).unwrap();
        let mut command = Command::new("caddy");
        command.args(["run", "--config", "Caddyfile", "--adapter", "caddyfile"]).current_dir(folder);
        vec![spawn(command.env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder))]
    });
    world.holds_for(&servers).await;
    world.holds_for_clients(&servers).await;
}

/// Processes that serve every set-up at a port each, and end with the test.
struct Servers {
    folder: tempfile::TempDir,
    processes: Vec<Child>,
    ports: Vec<(&'static str, u16)>,
}

impl Servers {
    fn start(world: &World, start: impl FnOnce(&Path, &World, &[u16]) -> Vec<Child>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        world.write(folder.path());
        // All bound at a time, so that they differ.
        let free: Vec<_> = world.setups.iter().map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()).collect();
        let ports: Vec<_> = free.iter().map(|listener| listener.local_addr().unwrap().port()).collect();
        drop(free);
        let processes = start(folder.path(), world, &ports);
        let names = world.setups.iter().map(|setup| setup.name);
        let servers = Self { folder, processes, ports: names.zip(ports).collect() };
        let patience = Instant::now() + Duration::from_secs(20);
        for (name, port) in &servers.ports {
            while TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, *port))).is_err() {
                assert!(Instant::now() < patience, "{name} does not listen");
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        servers
    }

    fn url(&self, name: &str) -> String {
        let port = self.ports.iter().find(|(setup, _)| *setup == name).unwrap().1;
        format!("https://{NAME}:{port}/index")
    }

    async fn ask(&self, name: &str, options: TlsOptions) -> Asked {
        ask_at(&self.url(name), options).await
    }

    /// Ends the processes, so that all they had to write is written.
    fn stop_and_read(mut self, file: &str) -> String {
        self.stop();
        std::fs::read_to_string(self.folder.path().join(file)).unwrap()
    }

    fn stop(&mut self) {
        for process in &mut self.processes {
            // It may have ended by itself: then there is nothing to kill.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.stop();
    }
}

fn spawn(command: &mut Command) -> Child {
    let started = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    started.unwrap_or_else(|error| panic!("{command:?}: {error}"))
}
