//! A server that restarts again and again: what is lost and what is doubled.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hinternet::{HealingEvent, Overflow, SelfHealing, Session};
use integration_tests::patiently;
use integration_tests::recorder::Recorder;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, accept_async};

use crate::scene::options;

const RESTARTS: u32 = 20;
const MESSAGES: u32 = 4_000;
/// So many a life of the server takes before it ends.
const A_LIFE: usize = 100;

#[derive(Clone, Copy, PartialEq)]
enum Parting {
    /// Says 1012 and reads on until the client has closed too.
    Orderly,
    /// Drops its sockets.
    Abrupt,
}

type Heard = Arc<Mutex<Vec<u32>>>;

/// One life after the other on the same address. The last one stays.
async fn serve(address: SocketAddr, parting: Parting, heard: Heard) {
    for life in 0..=RESTARTS {
        let listener = TcpListener::bind(address).await.expect("the address is free again");
        let (stream, _) = listener.accept().await.expect("a client comes");
        let Ok(mut stream) = accept_async(stream).await else { continue };
        // Nothing listens any more.
        drop(listener);
        let most = if life == RESTARTS { usize::MAX } else { A_LIFE };
        hear(&mut stream, most, &heard).await;
        if parting == Parting::Orderly {
            let restarts = CloseFrame { code: 1012.into(), reason: "restarts".into() };
            // A client that is gone has closed too.
            let _gone = stream.send(Message::Close(Some(restarts))).await;
            hear(&mut stream, usize::MAX, &heard).await;
        }
    }
}

async fn hear(stream: &mut WebSocketStream<TcpStream>, most: usize, heard: &Heard) {
    for _ in 0..most {
        match stream.next().await {
            Some(Ok(Message::Text(number))) => heard.lock().unwrap().push(number.parse().unwrap()),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return,
        }
    }
}

/// Sends all, and gives what the server has heard.
async fn through_restarts(parting: Parting) -> (Vec<u32>, SelfHealing, Recorder, Session) {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let heard = Heard::default();
    tokio::spawn(serve(address, parting, Arc::clone(&heard)));
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let mut options = options();
    (options.overflow, options.queue_messages) = (Overflow::Wait, 16);
    (options.first_pause, options.longest_pause) = (Duration::from_millis(5), Duration::from_millis(20));
    let feed = session.websocket(&format!("ws://{address}/")).unwrap().self_healing(options).open().unwrap();
    let sender = feed.clone();
    let sending = tokio::spawn(async move {
        for number in 0..MESSAGES {
            sender.send(number.to_string()).await?;
        }
        sender.flush().await
    });
    let events = feed.clone();
    let listening = tokio::spawn(async move {
        let mut lost = 0;
        while let Ok(event) = events.receive().await {
            lost += u32::from(matches!(event, HealingEvent::Disconnected(_)));
            if matches!(event, HealingEvent::Closed | HealingEvent::GaveUp(_)) {
                break;
            }
        }
        lost
    });
    patiently("all to be sent", sending).await.unwrap().unwrap();
    assert_eq!(feed.close(1000, "").await.unwrap(), 0);
    let lost = patiently("the last event", listening).await.unwrap();
    assert_eq!(lost, RESTARTS);
    let heard = heard.lock().unwrap().clone();
    (heard, feed, recorder, session)
}

#[tokio::test]
async fn a_server_that_restarts_in_order_loses_nothing_and_hears_nothing_twice() {
    let (heard, feed, recorder, session) = through_restarts(Parting::Orderly).await;
    assert_eq!(heard, (0..MESSAGES).collect::<Vec<_>>());
    assert_eq!((feed.figures().sent, feed.figures().dropped), (u64::from(MESSAGES), 0));
    drop(feed);
    recorder.finish(session).await;
}

#[tokio::test]
async fn a_server_that_dies_hears_nothing_twice_and_all_in_order_and_loses_what_its_kernel_took() {
    let (heard, feed, recorder, session) = through_restarts(Parting::Abrupt).await;
    assert!(heard.windows(2).all(|pair| pair[0] < pair[1]), "in order, and none twice");
    // The last life hears to the end.
    assert_eq!(heard.last(), Some(&(MESSAGES - 1)));
    assert!(heard.len() > A_LIFE * RESTARTS as usize, "{}", heard.len());
    assert_eq!(feed.figures().sent, u64::from(MESSAGES));
    drop(feed);
    recorder.finish(session).await;
}
