//! nginx: a real server's ranges, through a network that breaks.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;

use hinternet::{Ranged, Validator};
use integration_tests::fault_proxy::{Direction, Fault, FaultProxy};

use super::*;
use crate::peer::{Peer, ports};

fn content() -> Vec<u8> {
    (0..3_000_000).map(|place: u32| (place % 65_521 % 251) as u8).collect()
}

/// nginx with one file of three million octets.
fn nginx() -> (Peer, SocketAddr) {
    let ports @ [port] = ports();
    let peer = Peer::start(&ports, |folder| {
        std::fs::create_dir(folder.join("files")).unwrap();
        std::fs::write(folder.join("files/film"), content()).unwrap();
        let configuration = format!(
            "daemon off; worker_processes 1; pid nginx.pid; events {{ worker_connections 64; }}\n\
             http {{ access_log off; client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t; scgi_temp_path t;\n\
             server {{ listen 127.0.0.1:{port}; root files; }} }}\n"
        );
        std::fs::write(folder.join("nginx.conf"), configuration).unwrap();
        let mut command = Command::new("/usr/sbin/nginx");
        command.args(["-e", "error.log", "-c", "nginx.conf", "-p"]).arg(folder);
        vec![command]
    });
    (peer, SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn a_film_comes_whole_over_wires_that_are_reset_each_million_octets() {
    let (_nginx, address) = nginx();
    let proxy = FaultProxy::start(address).await;
    proxy.spoil(Direction::ToClient, Fault::Reset { after: 1_000_000 });
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film");
    let url = format!("http://{}/film", proxy.address());
    let downloaded = session.download(&url).unwrap().retry(policy()).to_file(&path).await.unwrap();
    assert_eq!((downloaded.length, downloaded.resumed_from), (3_000_000, 0));
    // A reset takes along what of the million the client has not read.
    assert!(downloaded.attempts >= 4, "{downloaded:?}");
    assert!(std::fs::read(&path).unwrap() == content());
    recorder.finish(session).await;
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn its_ranges_are_what_was_asked_for() {
    let (_nginx, address) = nginx();
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let get = || session.get(format!("http://{address}/film").as_str()).unwrap();
    let response = get().range(1_000..2_000).send().await.unwrap();
    let validator = Validator::of(response.headers()).expect("nginx gives strong tags");
    assert!(matches!(response.ranged().unwrap(), Ranged::Part(part) if part.len() == 1_000));
    assert!(response.bytes().await.unwrap() == content()[1_000..2_000]);

    let response = get().range(2_999_990..).if_range(&validator).send().await.unwrap();
    assert!(response.bytes().await.unwrap() == content()[2_999_990..]);

    let response = get().range(3_000_000..).send().await.unwrap();
    assert_eq!(response.ranged().unwrap(), Ranged::NotSatisfiable { complete_length: Some(3_000_000) });
    response.bytes().await.unwrap();

    let ranges = [0..100_000, 1_500_000..1_700_000, 2_999_999..3_000_000];
    let mut parts = get().ranges(ranges.clone()).send().await.unwrap().parts().unwrap();
    for range in ranges {
        let part = parts.next_part().await.unwrap().unwrap();
        assert_eq!((part.range.first, part.range.last + 1), (range.start, range.end));
        let mut octets = Vec::new();
        while let Some(piece) = parts.chunk().await.unwrap() {
            octets.extend_from_slice(&piece);
        }
        assert!(octets == content()[range.start as usize..range.end as usize]);
    }
    assert!(parts.next_part().await.unwrap().is_none());
    drop(parts);
    recorder.finish(session).await;
}
