//! The proxies and how they are set up.

use std::io::Write;
use std::process::{Command, Stdio};

use integration_tests::certificates::Identity;

use super::peer::{Peer, ports};

/// A proxy that runs, and where.
pub(crate) struct Running {
    pub(crate) port: u16,
    _peer: Peer,
}

/// With this kind of login for `user` and `pass`, or none.
pub(crate) fn squid(login: Option<&str>) -> Running {
    let [port] = ports();
    let peer = Peer::start(&[port], |folder| {
        if login == Some("basic") {
            let hash = Command::new("openssl").args(["passwd", "-apr1", "pass"]).output().unwrap().stdout;
            let hash = String::from_utf8(hash).unwrap();
            std::fs::write(folder.join("passwords"), format!("user:{hash}")).unwrap();
        }
        if login == Some("digest") {
            // `user:realm:MD5(user:realm:pass)`.
            let hashed = md5("user:squid:pass");
            std::fs::write(folder.join("passwords"), format!("user:squid:{hashed}\n")).unwrap();
        }
        let folder = folder.display();
        let login = match login {
            Some("basic") => format!(
                "auth_param basic program /usr/lib/squid/basic_ncsa_auth {folder}/passwords\nauth_param basic realm squid\n"
            ),
            Some(_) => format!(
                "auth_param digest program /usr/lib/squid/digest_file_auth -c {folder}/passwords\n\
                 auth_param digest realm squid\nauth_param digest nonce_strictness off\n"
            ),
            None => String::new(),
        };
        let rule = if login.is_empty() { "allow all" } else { "allow known" };
        let known = if login.is_empty() { "" } else { "acl known proxy_auth REQUIRED\n" };
        let configuration = format!(
            "http_port 127.0.0.1:{port}\n{login}{known}http_access {rule}\nhttp_access deny all\n\
             cache deny all\ncache_mem 8 MB\naccess_log none\ncache_log {folder}/cache.log\npid_filename none\n\
             coredump_dir {folder}\nvisible_hostname squid.test\nshutdown_lifetime 0 seconds\n"
        );
        std::fs::write(format!("{folder}/squid.conf"), configuration).unwrap();
        let mut command = Command::new("/usr/sbin/squid");
        command.args(["--foreground", "-n", "hinternet", "-f", &format!("{folder}/squid.conf")]);
        vec![command]
    });
    Running { port, _peer: peer }
}

fn md5(text: &str) -> String {
    let mut hashing =
        Command::new("openssl").args(["md5", "-r"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    hashing.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let said = String::from_utf8(hashing.wait_with_output().unwrap().stdout).unwrap();
    said.split_whitespace().next().unwrap().to_owned()
}

/// With a login for `user` and `pass`, or none.
pub(crate) fn tinyproxy(login: bool) -> Running {
    let [port] = ports();
    let peer = Peer::start(&[port], |folder| {
        let login = if login { "BasicAuth user pass\n" } else { "" };
        let configuration = format!(
            "Port {port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 50\nAllow 127.0.0.1\nDisableViaHeader Yes\n{login}"
        );
        std::fs::write(folder.join("tinyproxy.conf"), configuration).unwrap();
        let mut command = Command::new("/usr/bin/tinyproxy");
        command.args(["-d", "-c", "tinyproxy.conf"]);
        vec![command]
    });
    Running { port, _peer: peer }
}

/// For whom this user is known, or anybody.
pub(crate) fn dante(login: Option<&Login>) -> Running {
    let [port] = ports();
    let peer = Peer::start(&[port], |folder| {
        let method = if login.is_some() { "username" } else { "none" };
        let configuration = format!(
            "logoutput: stderr\ninternal: 127.0.0.1 port = {port}\nexternal: 127.0.0.1\nclientmethod: none\nsocksmethod: {method}\n\
             user.privileged: root\nuser.unprivileged: nobody\n\
             client pass {{ from: 127.0.0.0/8 to: 0.0.0.0/0 }}\n\
             socks pass {{ from: 127.0.0.0/8 to: 0.0.0.0/0 command: connect }}\n"
        );
        std::fs::write(folder.join("danted.conf"), configuration).unwrap();
        let mut command = Command::new("/usr/sbin/danted");
        command.args(["-f", "danted.conf", "-p"]).arg(folder.join("danted.pid"));
        vec![command]
    });
    Running { port, _peer: peer }
}

/// TLS before another proxy.
pub(crate) fn haproxy_before(behind: u16, identity: &Identity) -> Running {
    let [port] = ports();
    let peer = Peer::start(&[port], |folder| {
        let both = format!("{}{}", identity.chain_pem(), identity.key_pem());
        std::fs::write(folder.join("both.pem"), both).unwrap();
        let configuration = format!(
            "defaults\n mode tcp\n timeout connect 10s\n timeout client 30s\n timeout server 30s\n\
             frontend secure\n bind 127.0.0.1:{port} ssl crt both.pem\n default_backend proxy\n\
             backend proxy\n server proxy 127.0.0.1:{behind}\n"
        );
        std::fs::write(folder.join("haproxy.cfg"), configuration).unwrap();
        let mut command = Command::new("/usr/sbin/haproxy");
        command.args(["-W", "-f", "haproxy.cfg"]);
        vec![command]
    });
    Running { port, _peer: peer }
}

/// A user of this machine, who is gone when it is dropped.
pub(crate) struct Login(String);

impl Login {
    /// `None` if that may not be done here.
    pub(crate) fn new() -> Option<Self> {
        let user = format!("hinternet-{}", std::process::id());
        let made = Command::new("useradd").args(["--no-create-home", "--shell", "/usr/sbin/nologin", &user]).status();
        let login = made.is_ok_and(|made| made.success()).then_some(Self(user))?;
        let mut setting = Command::new("chpasswd").stdin(Stdio::piped()).spawn().ok()?;
        setting.stdin.take()?.write_all(format!("{}:{}\n", login.user(), login.password()).as_bytes()).ok()?;
        setting.wait().ok()?.success().then_some(login)
    }

    pub(crate) fn user(&self) -> &str {
        &self.0
    }

    pub(crate) fn password(&self) -> &'static str {
        "not much of a secret"
    }
}

impl Drop for Login {
    fn drop(&mut self) {
        let _gone = Command::new("userdel").arg(&self.0).status();
    }
}
