//! The servers and how they are set up: each serves the same, at a secure port and at a clear one.

use std::net::SocketAddr;
use std::process::Command;

use super::peer::{Peer, ports};
use super::place::{LIMIT, Site, World};

/// A server that runs, and where.
pub(crate) struct Server {
    pub(crate) peer: Peer,
    pub(crate) secure: Site,
    pub(crate) clear: Site,
}

impl Server {
    pub(crate) fn sites(&self) -> [&Site; 2] {
        [&self.secure, &self.clear]
    }

    fn at([secure, clear]: [u16; 2], world: &World, peer: Peer) -> Self {
        Self { peer, secure: world.secure(secure), clear: world.clear(clear) }
    }
}

pub(crate) fn nghttpd(world: &World, arguments: &[&str]) -> Server {
    let ports @ [secure, clear] = ports();
    let peer = Peer::start(&ports, |folder| {
        world.write(folder);
        let nghttpd = || {
            let mut command = Command::new("nghttpd");
            command.args(["--address=127.0.0.1", "--htdocs=files"]).args(arguments);
            command
        };
        let (mut with_tls, mut without) = (nghttpd(), nghttpd());
        with_tls.args([&secure.to_string(), "good.key", "good.pem"]);
        without.args(["--no-tls", &clear.to_string()]);
        vec![with_tls, without]
    });
    Server::at(ports, world, peer)
}

/// With a line for its `http` block.
pub(crate) fn nginx(world: &World, line: &str) -> Server {
    let ports @ [secure, clear] = ports();
    let peer = Peer::start(&ports, |folder| {
        world.write(folder);
        let configuration = format!(
            "daemon off; worker_processes 1; pid nginx.pid; events {{ worker_connections 2048; }}\n\
             http {{ access_log off; {line}\n\
             client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t; scgi_temp_path t;\n\
             large_client_header_buffers 4 32k; proxy_buffer_size 64k; proxy_buffers 8 64k; client_max_body_size {LIMIT};\n\
             server {{ listen 127.0.0.1:{secure} ssl http2; listen 127.0.0.1:{clear} http2;\n\
             ssl_certificate good.pem; ssl_certificate_key good.key; root files;\n\
             location /origin/ {{ proxy_pass {origin}; proxy_http_version 1.1; proxy_request_buffering off; }} }} }}\n",
            origin = world.origin.origin()
        );
        std::fs::write(folder.join("nginx.conf"), configuration).unwrap();
        let mut command = Command::new("/usr/sbin/nginx");
        command.args(["-e", "error.log", "-c", "nginx.conf", "-p"]).arg(folder);
        vec![command]
    });
    Server::at(ports, world, peer)
}

pub(crate) fn caddy(world: &World) -> Server {
    let ports @ [secure, clear] = ports();
    let peer = Peer::start(&ports, |folder| {
        world.write(folder);
        let configuration = format!(
            "{{\n admin unix/{folder}/admin\n auto_https off\n servers {{\n protocols h1 h2 h2c\n }}\n}}\n\
             (site) {{\n bind 127.0.0.1\n root * files\n request_body {{\n max_size {LIMIT}\n }}\n\
             reverse_proxy /origin/* {origin}\n file_server\n}}\n\
             https://:{secure} {{\n import site\n tls good.pem good.key\n}}\n\
             http://:{clear} {{\n import site\n}}\n",
            folder = folder.display(),
            origin = world.origin.address()
        );
        std::fs::write(folder.join("Caddyfile"), configuration).unwrap();
        let mut command = Command::new("caddy");
        command.args(["run", "--config", "Caddyfile", "--adapter", "caddyfile"]);
        command.env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder);
        vec![command]
    });
    Server::at(ports, world, peer)
}

pub(crate) fn haproxy(world: &World) -> Server {
    haproxy_before(world, world.origin.address())
}

/// It passes on to this server of HTTP/1.1.
pub(crate) fn haproxy_before(world: &World, origin: SocketAddr) -> Server {
    let ports @ [secure, clear] = ports();
    let peer = Peer::start(&ports, |folder| {
        world.write(folder);
        let configuration = format!(
            "global\n stats socket {folder}/admin mode 600 level admin expose-fd listeners\n\
             tune.bufsize 65536\n maxconn 4000\n\
             defaults\n mode http\n timeout connect 10s\n timeout client 30s\n timeout server 30s\n timeout tunnel 30s\n\
             frontend sites\n bind 127.0.0.1:{secure} ssl crt both.pem alpn h2,http/1.1\n bind 127.0.0.1:{clear} proto h2\n\
             http-request deny deny_status 413 if {{ req.hdr_val(content-length) gt {LIMIT} }}\n default_backend origin\n\
             backend origin\n server origin {origin}\n",
            folder = folder.display(),
        );
        std::fs::write(folder.join("haproxy.cfg"), configuration).unwrap();
        let mut command = Command::new("/usr/sbin/haproxy");
        command.args(["-W", "-f", "haproxy.cfg"]);
        vec![command]
    });
    Server::at(ports, world, peer)
}

pub(crate) fn h2o(world: &World) -> Server {
    let ports @ [secure, clear] = ports();
    let peer = Peer::start(&ports, |folder| {
        world.write(folder);
        let configuration = format!(
            "listen:\n  host: 127.0.0.1\n  port: {secure}\n  ssl:\n    certificate-file: good.pem\n    key-file: good.key\n\
             listen:\n  host: 127.0.0.1\n  port: {clear}\n\
             num-threads: 1\nlimit-request-body: {LIMIT}\nhosts:\n  default:\n    paths:\n\
             \x20     /:\n        file.dir: files\n\
             \x20     /origin:\n        proxy.reverse.url: {origin}/origin\n",
            origin = world.origin.origin()
        );
        std::fs::write(folder.join("h2o.conf"), configuration).unwrap();
        // The master holds the listeners, and starts a new worker when it is told to.
        let mut command = Command::new("h2o");
        command.args(["-m", "master", "-c", "h2o.conf"]);
        vec![command]
    });
    Server::at(ports, world, peer)
}
