//! Names that would break out of their line or their quotes (reliability 3.3).

use hinternet::ErrorCode;

use super::*;

#[tokio::test]
async fn whatever_a_name_holds_there_is_just_that_part() {
    let world = World::start().await;
    let evil = "a\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\ninjected\r\n--";
    // Not with `filename=` in a name: this parser looks for it without regard to quotes.
    for name in ["\"", "\r\n", "a\"; x=\"y", evil, "caf\u{e9} \u{1f600}", "back\\slash", "%0D%0A%22"] {
        let request = world.post(Form::new().bytes(name, name, "octets").text("last", "1")).await.unwrap();
        let escaped = name.replace('\r', "%0D").replace('\n', "%0A").replace('"', "%22");
        assert_eq!(parts(&request).await, [file(&escaped, &escaped, "octets"), came("last", "1")], "{name:?}");
    }
    world.end().await;
}

#[tokio::test]
async fn what_cannot_be_a_name_or_a_type_is_refused_and_nothing_is_sent() {
    let world = World::start().await;
    let part = || Form::new().text("a", "1");
    for form in [
        Form::new().text("a\0b", "1"),
        Form::new().bytes("a", "b\x1b", "1"),
        part().file_name("\x7f"),
        part().content_type("text/plain\r\nX-Injected: 1"),
        part().content_type("text/plain\0"),
        Form::new().content_type("text/plain"),
        Form::new().file_name("a"),
    ] {
        assert_eq!(world.post(form).await.unwrap_err().code(), ErrorCode::InvalidParameter);
    }
    assert_eq!(world.peer.requests().len(), 0);
    world.end().await;
}
