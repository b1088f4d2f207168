//! The servers and how they are set up: each at a clear port and at a secure one.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use crate::peer::{Peer, ports};
use crate::place::{Site, World, tools};

/// A server that runs, and where.
pub(crate) struct Server {
    pub(crate) peer: Peer,
    pub(crate) sites: [Site; 2],
}

/// Who wrote the server that does what the path asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Library {
    /// Node's `ws`.
    Ws,
    /// Python's `websockets`.
    Websockets,
}

pub(crate) const LIBRARIES: [Library; 2] = [Library::Ws, Library::Websockets];

pub(crate) fn start(library: Library, world: &World) -> Server {
    let mut command = match library {
        Library::Ws => {
            let mut node = Command::new("node");
            node.env("NODE_PATH", tools().join("ws/node_modules")).arg(here().join("server.cjs"));
            node
        }
        Library::Websockets => {
            let mut python = Command::new("python3");
            python.env("PYTHONPATH", tools().join("websockets")).arg("-B").arg(here().join("server.py"));
            python
        }
    };
    let ports = ports();
    command.args(ports.map(|port: u16| port.to_string()));
    let peer = Peer::start(&ports, |folder| {
        world.write(folder);
        vec![command]
    });
    Server { peer, sites: world.sites(ports) }
}

/// In front of this server; with lines for its main part and for its location.
pub(crate) fn nginx(world: &World, behind: SocketAddr, main: &str, location: &str) -> Server {
    let ports @ [clear, secure] = ports();
    let peer = Peer::start(&ports, |folder| {
        world.write(folder);
        let configuration = format!(
            "daemon off; worker_processes 1; pid nginx.pid; {main} events {{ worker_connections 2048; }}\n\
             http {{ access_log off;\n\
             client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t; scgi_temp_path t;\n\
             server {{ listen 127.0.0.1:{clear}; listen 127.0.0.1:{secure} ssl;\n\
             ssl_certificate good.pem; ssl_certificate_key good.key;\n\
             location / {{ proxy_pass http://{behind}; proxy_http_version 1.1;\n\
             proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\"; {location} }} }} }}\n"
        );
        std::fs::write(folder.join("nginx.conf"), configuration).unwrap();
        let mut command = Command::new("/usr/sbin/nginx");
        command.args(["-e", "error.log", "-c", "nginx.conf", "-p"]).arg(folder);
        vec![command]
    });
    Server { peer, sites: world.sites(ports) }
}

/// Where the servers' own programs are.
fn here() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real_websocket_peers"))
}
