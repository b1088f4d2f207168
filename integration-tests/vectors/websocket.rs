//! What a hostile server may send as a WebSocket, and what must come of it.

use std::time::Duration;

use hinternet::{Error, ErrorCode, MessagePart, Result, Session, WebSocketOptions};
use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::websocket::frames_of;
use serde_json::Value;

use crate::front_ends::websocket_script;
use crate::runner::{list, text};

/// Plays a case; what is wrong with it, if anything.
pub(crate) async fn play(vector: &Value, pin: Option<&str>) -> std::result::Result<(), String> {
    let expected = &vector["expect"];
    let kind = pin.unwrap_or_else(|| text(&expected["kind"]));
    let peer = ScriptedPeer::always(script(vector)).await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let mut options = WebSocketOptions::default();
    // So that the limit is met before that of the runner's memory, and the end of patience before that of the runner's own.
    (options.message, options.close_timeout) = (1 << 20, Duration::from_millis(300));
    let url = format!("ws://{}/", peer.address());
    let connected = session.websocket(&url).expect("a URL").options(options).connect().await;
    let websocket = match connected {
        Ok(websocket) => websocket,
        failed if text(&vector["class"]) == "ws-handshake" && kind == "error" => {
            let error = recorder.failure(recorder.request(0).await, failed);
            recorder.finish(session).await;
            return is_the_servers_fault(&error);
        }
        Err(error) => return Err(error.to_string()),
    };
    let first = if kind == "timeout" {
        websocket.close(1000, "").await.map(|()| None)
    } else {
        websocket.receive().await.map(Some)
    };
    let failed = first.as_ref().err().map(|error| recorder.failure(websocket.id(), Err::<(), _>(error.clone())));
    let verdict = match (kind, first) {
        ("timeout", Err(error)) if error.is_timeout() => Ok(()),
        ("ws_message", Ok(Some(part))) if part.as_text() == expected["body"].as_str() => Ok(()),
        ("ws_close", Ok(Some(part))) if part.is_close() => {
            let code = websocket.close_status().map(|status| u64::from(status.code));
            let after = recorder.refusal(websocket.id(), websocket.receive().await);
            let right = code.ok() == expected["code"].as_u64() && after.code() == ErrorCode::InvalidOperation;
            if right { Ok(()) } else { Err(after.to_string()) }
        }
        ("error" | "limit", Err(error)) => {
            // A server that is still writing its flood does not read what it is told.
            let reads = !list(&vector["steps"]).iter().any(|step| step["repeat"].is_string());
            if let Some(code) = expected["close"].as_u64().filter(|_| reads) {
                let close = (0x88, (code as u16).to_be_bytes().to_vec());
                peer.wait_until(|all| frames_of(&all[0].received).contains(&close)).await;
            }
            is_the_servers_fault(&error)
        }
        (_, other) => Err(told(&other, failed.as_ref())),
    };
    drop(websocket);
    recorder.finish(session).await;
    verdict
}

fn told(outcome: &Result<Option<MessagePart>>, failed: Option<&Error>) -> String {
    failed.map_or_else(|| format!("{outcome:?}"), Error::to_string)
}

fn is_the_servers_fault(error: &Error) -> std::result::Result<(), String> {
    if error.code() == ErrorCode::InvalidServerResponse { Ok(()) } else { Err(error.to_string()) }
}

fn script(vector: &Value) -> Script {
    websocket_script(Script::new().read_head(), &vector["steps"]).forgetful().keep()
}
