// Part of the examples in the documentation, by hidden lines: a network in memory, every host of which answers alike. So they run
// anywhere, and need no network.
//
// | path | answers |
// |---|---|
// | `/` | `Hello.`; to a WebSocket with every message it sends |
// | `/echo` | the body it was sent |
// | `/old` | a redirect to `/` |
// | `/login` | `Welcome.`, and a cookie |
// | `/private` | 401, or `Hello.` to whoever shows credentials |
// | `/file` | `0123456789`, or the range that was asked for |
// | `/events` | two events, and no more behind the second |
// | `/silent` | nothing |
// | else | 404 |

/// A session in that network, to be opened.
fn builder() -> hinternet::SessionBuilder {
    let (dialer, mut listener) = hinternet::transport::in_memory();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async move {
            while let Some((stream, _meant)) = listener.accept().await {
                tokio::spawn(serve(stream));
            }
        });
    });
    hinternet::Session::builder().dial(hinternet::DialOptions::default().dialer(dialer))
}

async fn serve(mut stream: hinternet::transport::MemoryStream) -> std::io::Result<()> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let mut held = Vec::new();
    loop {
        let end = loop {
            match held.windows(4).position(|octets| octets == b"\r\n\r\n") {
                Some(at) => break at + 4,
                None if stream.read_buf(&mut held).await? == 0 => return Ok(()),
                None if held[0] == 0x16 => return stream.write_all(b"That is TLS.\r\n").await,
                None => {}
            }
        };
        let head = String::from_utf8_lossy(&held[..end]).into_owned();
        held.drain(..end);
        let field = |name: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).next()
        };
        if let Some(key) = field("sec-websocket-key") {
            return echo(stream, &key).await;
        }
        let length = field("content-length").map_or(0, |length| length.parse().unwrap());
        while held.len() < length {
            stream.read_buf(&mut held).await?;
        }
        let body: Vec<u8> = held.drain(..length).collect();
        let path = head.split([' ', '?']).nth(1).unwrap_or_default();
        let (status, fields, text) = match path {
            "/" => ("200 OK", "cache-control: max-age=60\r\n".to_owned(), "Hello.".to_owned()),
            "/echo" => ("200 OK", String::new(), String::from_utf8_lossy(&body).into_owned()),
            "/old" => ("301 Moved Permanently", "location: /\r\n".to_owned(), String::new()),
            "/login" => ("200 OK", "set-cookie: sid=7; HttpOnly\r\n".to_owned(), "Welcome.".to_owned()),
            "/private" if field("authorization").is_some() => ("200 OK", String::new(), "Hello.".to_owned()),
            "/private" => ("401 Unauthorized", "www-authenticate: Basic realm=\"all\"\r\n".to_owned(), String::new()),
            "/file" => match field("range").and_then(|range| {
                range.strip_prefix("bytes=")?.split_once('-').map(|(a, b)| (a.to_owned(), b.to_owned()))
            }) {
                Some((first, last)) => {
                    let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap_or(9));
                    let fields = format!("etag: \"1\"\r\ncontent-range: bytes {first}-{last}/10\r\n");
                    ("206 Partial Content", fields, "0123456789"[first..=last].to_owned())
                }
                None => ("200 OK", "etag: \"1\"\r\n".to_owned(), "0123456789".to_owned()),
            },
            "/events" if field("last-event-id").is_some() => ("204 No Content", String::new(), String::new()),
            "/events" => {
                let fields = "content-type: text/event-stream\r\n".to_owned();
                ("200 OK", fields, "id: 1\ndata: tick\n\nid: 2\ndata: tock\n\n".to_owned())
            }
            "/silent" => std::future::pending().await,
            _ => ("404 Not Found", String::new(), "There is nothing here.".to_owned()),
        };
        let length =
            if status.starts_with("204") { String::new() } else { format!("content-length: {}\r\n", text.len()) };
        let body = if head.starts_with("HEAD ") { "" } else { &text };
        stream.write_all(format!("HTTP/1.1 {status}\r\n{fields}{length}\r\n{body}").as_bytes()).await?;
    }
}

/// Every frame is short here, and comes back unmasked.
async fn echo(mut stream: hinternet::transport::MemoryStream, key: &str) -> std::io::Result<()> {
    use base64::Engine;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let proof = format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let proof = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, proof.as_bytes());
    let proof = base64::engine::general_purpose::STANDARD.encode(proof);
    let head = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket";
    stream.write_all(format!("{head}\r\nsec-websocket-accept: {proof}\r\n\r\n").as_bytes()).await?;
    loop {
        let mut head = [0; 6];
        stream.read_exact(&mut head).await?;
        let mut payload = vec![0; usize::from(head[1] & 0x7F)];
        stream.read_exact(&mut payload).await?;
        for (n, octet) in payload.iter_mut().enumerate() {
            *octet ^= head[2 + n % 4];
        }
        stream.write_all(&[&[head[0], head[1] & 0x7F], &payload[..]].concat()).await?;
        if head[0] & 0xF == 8 {
            return Ok(());
        }
    }
}
