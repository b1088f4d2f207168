//! scratch
use hinternet::{Protocols, Session};
use integration_tests::recorder::Recorder;

#[tokio::test]
async fn talks_to_nghttpd() {
    let mut child = std::process::Command::new("nghttpd").args(["--no-tls", "-d", "/tmp/www", "--echo-upload", "18080"]).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(500));
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder().protocols(Protocols::RequireHttp2));
    let response = session.get("http://127.0.0.1:18080/index.html").unwrap().send().await.unwrap();
    println!("{:?} {}", response.version(), String::from_utf8_lossy(response.head().raw()));
    println!("{:?}", response.text().await.unwrap());
    let mut tasks = Vec::new();
    for i in 0..50 {
        let session = session.clone();
        tasks.push(tokio::spawn(async move {
            let response = session.get("http://127.0.0.1:18080/big").unwrap().send().await.unwrap();
            assert_eq!(response.bytes().await.unwrap().len(), 3000000);
            let body = vec![b'a' + (i % 20) as u8; 200000];
            let response = session.post("http://127.0.0.1:18080/echo").unwrap().body(body.clone()).send().await.unwrap();
            assert_eq!(response.bytes().await.unwrap(), body);
        }));
    }
    for task in tasks { task.await.unwrap(); }
    session.close().await.unwrap();
    session.closed().await;
    child.kill().unwrap();
}
