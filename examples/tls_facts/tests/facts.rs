//! The program as a shell sees it, beside servers that are right and wrong.

use std::process::{Output, Stdio};

use integration_tests::certificates::{Authority, Identity, Leaf};
use integration_tests::origin::{Origin, Reply};
use integration_tests::patiently;
use integration_tests::tls::Tls;
use tempfile::TempDir;
use tokio::process::Command;

struct Host {
    server: Origin,
    files: TempDir,
    authority: Authority,
}

impl Host {
    async fn start(tls: impl FnOnce(&Authority) -> Tls) -> Self {
        let authority = Authority::new("The test's authority");
        let server = Origin::secure(&tls(&authority), |_| Reply::ok("hello")).await;
        let files = tempfile::tempdir().unwrap();
        let pem = integration_tests::certificates::pem(authority.der());
        std::fs::write(files.path().join("authority.pem"), pem).unwrap();
        Self { server, files, authority }
    }

    /// What the program says of the host: its exit code, its output, and its last words.
    async fn facts(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let host = format!("127.0.0.1:{}", self.server.address().port());
        let mut command = Command::new(env!("CARGO_BIN_EXE_tls_facts"));
        command.arg(host).args(arguments).current_dir(self.files.path()).stdin(Stdio::null());
        told(patiently("the program", command.output()).await.unwrap())
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.files.path().join(name), text).unwrap();
    }
}

fn told(output: Output) -> (Option<i32>, String, String) {
    let text = |octets| String::from_utf8(octets).expect("it prints UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn server_of(authority: &Authority, change: impl FnOnce(Leaf) -> Leaf) -> Identity {
    authority.issue(change(Leaf::for_names(["127.0.0.1", "www.example.com"])))
}

const TRUSTING: [&str; 2] = ["--trust", "authority.pem"];

#[tokio::test]
async fn a_host_that_is_as_it_should_be() {
    let host = Host::start(|authority| Tls::new(&server_of(authority, |leaf| leaf))).await;
    let (code, out, err) = host.facts(&TRUSTING).await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    for line in
        ["protocol       TLS 1.3\n", "ALPN           http/1.1\n", "resumed        no\n", "certificate 0  CN=A leaf\n"]
    {
        assert!(out.contains(line), "{line} is not in {out}");
    }
    assert!(
        out.contains(
            "  names        www.example.com, 127.0.0.1
"
        ) || out.contains(
            "  names        127.0.0.1, www.example.com
"
        ),
        "{out}"
    );
    assert!(out.contains("cipher         TLS_AES_"), "{out}");
    let (code, out, _) = host.facts(&["--trust", "authority.pem", "--tls", "1.2"]).await;
    assert_eq!((code, out.contains("protocol       TLS 1.2\n")), (Some(0), true), "{out}");
}

#[tokio::test]
async fn each_fault_has_its_flag_its_sentence_and_exit_code_1() {
    type Change = fn(Leaf) -> Leaf;
    let wrong: [(Change, &str, &str); 3] = [
        (Leaf::expired, "CERT_DATE_INVALID", "expired on 2002-01-02"),
        (Leaf::not_yet_valid, "CERT_DATE_INVALID", "is not valid before 3000-01-03"),
        (Leaf::for_clients, "CERT_WRONG_USAGE", "was not made for servers"),
    ];
    for (change, flag, sentence) in wrong {
        let host = Host::start(|authority| Tls::new(&server_of(authority, change))).await;
        let (code, out, err) = host.facts(&TRUSTING).await;
        assert_eq!(code, Some(1), "{out}{err}");
        assert!(out.contains(&format!("flags          {flag}\n")), "{out}");
        assert!(out.contains("certificate 0  CN=A leaf\n"), "the chain that was refused: {out}");
        assert!(err.contains("error 12175 SECURE_FAILURE") && err.contains(sentence), "{err}");
    }
}

#[tokio::test]
async fn an_authority_nobody_knows_comes_with_advice() {
    let host = Host::start(|authority| Tls::new(&server_of(authority, |leaf| leaf))).await;
    let (code, out, err) = host.facts(&[]).await;
    assert_eq!(code, Some(1));
    // A machine without any authority says so instead.
    let is_bare = err.contains("Roots::Webpki");
    assert!(
        is_bare || (out.contains("flags          INVALID_CA\n") && err.contains("name it with --trust FILE")),
        "{out}{err}"
    );
}

#[tokio::test]
async fn a_client_certificate_that_is_missing_and_one_that_is_there() {
    for is_tls12 in [true, false] {
        let host = Host::start(|authority| Tls::asking(&server_of(authority, |leaf| leaf), authority, is_tls12)).await;
        let (code, _, err) = host.facts(&TRUSTING).await;
        assert_eq!(code, Some(1));
        assert!(err.contains("error 12044 CLIENT_AUTH_CERT_NEEDED"), "{err}");
        assert!(err.contains("--client-certificate and --client-key"), "{err}");

        let client = host.authority.issue(Leaf::for_client("A client"));
        host.write("client.pem", &client.chain_pem());
        host.write("client.key", &client.key_pem());
        let identity = ["--trust", "authority.pem", "--client-certificate", "client.pem", "--client-key", "client.key"];
        let (code, out, err) = host.facts(&identity).await;
        assert_eq!(code, Some(0), "{out}{err}");
    }
}

#[tokio::test]
async fn a_server_without_tls_and_one_that_is_not_there() {
    let plain = Origin::start(|_| Reply::ok("hello")).await;
    let host = format!("127.0.0.1:{}", plain.address().port());
    let run = |host: String| async move {
        told(Command::new(env!("CARGO_BIN_EXE_tls_facts")).arg(host).output().await.unwrap())
    };
    let (code, out, err) = patiently("the program", run(host)).await;
    assert_eq!(
        (code, out.contains("SECURITY_CHANNEL_ERROR") || err.contains("Roots::Webpki")),
        (Some(1), true),
        "{out}{err}"
    );
    let (code, _, err) = patiently("the program", run("127.0.0.1:1".to_owned())).await;
    assert_eq!((code, err.contains("12029 CANNOT_CONNECT") || err.contains("Roots::Webpki")), (Some(1), true), "{err}");
    let (code, _, err) = patiently("the program", run("http://x/".to_owned())).await;
    assert_eq!((code, err.contains("has no TLS")), (Some(2), true), "{err}");
}

#[tokio::test]
async fn without_a_host_it_looks_at_one_of_its_own() {
    let run = Command::new(env!("CARGO_BIN_EXE_tls_facts")).output();
    let (code, out, err) = told(patiently("the program", run).await.unwrap());
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.contains("  issuer       CN=tls_facts\n"), "{out}");
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_named_and_a_fault_of_the_arguments() {
    let host = Host::start(|authority| Tls::new(&server_of(authority, |leaf| leaf))).await;
    let (code, out, err) = host.facts(&["--trust", "nowhere.pem"]).await;
    assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
    assert!(err.contains("nowhere.pem") && !err.contains("WinHttp"), "{err}");
}
