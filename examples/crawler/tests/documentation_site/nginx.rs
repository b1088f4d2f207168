//! An nginx of one's own: a child process with its own configuration, that ends with the test.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use integration_tests::certificates::Identity;

pub(crate) struct Nginx {
    folder: tempfile::TempDir,
    scheme: &'static str,
    address: SocketAddr,
    process: Child,
}

/// One line of its access log.
pub(crate) struct Line {
    pub(crate) status: u16,
    /// Counted by nginx, from 1.
    pub(crate) connection: u64,
    pub(crate) path: String,
}

impl Nginx {
    /// Serves a folder, with a robots.txt of its own if one is given.
    pub(crate) fn start(root: &Path, robots: Option<&str>) -> Self {
        Self::serve(root, robots, None)
    }

    /// Serves a folder over https.
    pub(crate) fn secure(root: &Path, identity: &Identity) -> Self {
        Self::serve(root, None, Some(identity))
    }

    fn serve(root: &Path, robots: Option<&str>, identity: Option<&Identity>) -> Self {
        assert!(root.is_dir(), "{} is not there: install Debian's rust-doc", root.display());
        let folder = tempfile::tempdir().unwrap();
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
        if let Some(identity) = identity {
            write("site.pem", identity.chain_pem());
            write("site.key", identity.key_pem());
        }
        write("nginx.conf", configuration(address, root, robots, identity.is_some()));
        let process = run(folder.path(), address);
        let scheme = if identity.is_some() { "https" } else { "http" };
        Self { folder, scheme, address, process }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// Ends it at once, in the middle of whatever it does.
    pub(crate) fn kill(&mut self) {
        // It may have ended by itself: then there is nothing to kill.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    pub(crate) fn restart(&mut self) {
        self.process = run(self.folder.path(), self.address);
    }

    pub(crate) fn log(&self) -> Vec<Line> {
        let log = std::fs::read_to_string(self.folder.path().join("access.log")).unwrap_or_default();
        // A last line without its end is still being written.
        let lines = log.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
        lines.map(Line::parse).collect()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Line {
    fn parse(line: &str) -> Self {
        let mut words = line.splitn(3, ' ');
        let mut word = || words.next().unwrap_or_default();
        Self { status: word().parse().unwrap(), connection: word().parse().unwrap(), path: word().to_owned() }
    }
}

fn run(folder: &Path, address: SocketAddr) -> Child {
    let spawn = |program: &str| {
        Command::new(program)
            .args(["-e", "error.log", "-c", "nginx.conf", "-p"])
            .arg(folder)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
    };
    let process =
        spawn("nginx").or_else(|_| spawn("/usr/sbin/nginx")).expect("nginx is not there: install Debian's nginx");
    let patience = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(address).is_err() {
        assert!(
            Instant::now() < patience,
            "nginx does not listen: {:?}",
            std::fs::read_to_string(folder.join("error.log"))
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    process
}

/// One process, so that killing it leaves nobody behind; and it closes no wire by itself, so that they can be counted.
fn configuration(address: SocketAddr, root: &Path, robots: Option<&str>, secure: bool) -> String {
    let robots =
        robots.map(|text| format!("location = /robots.txt {{ return 200 \"{}\"; }}", text.replace('\n', "\\n")));
    format!(
        r#"
        daemon off; master_process off; worker_processes 1; pid nginx.pid;
        events {{ worker_connections 256; }}
        http {{
            types {{ text/html html; text/css css; application/javascript js; }}
            default_type application/octet-stream;
            log_format counted "$status $connection $request_uri";
            access_log access.log counted;
            client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t; scgi_temp_path t;
            keepalive_requests 1000000;
            server {{ listen {address}{tls}; root {root}; {robots} }}
        }}
        "#,
        root = root.display(),
        robots = robots.unwrap_or_default(),
        tls = if secure { " ssl; ssl_certificate site.pem; ssl_certificate_key site.key" } else { "" },
    )
}
