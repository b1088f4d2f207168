//! What a request asks for, read from its head.

use std::io;

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// A short answer over a wire that is kept.
    Greeting,
    /// `/octets/N`: a body of so many.
    Octets(u64),
    /// `POST`: a short answer, after the body.
    Upload(Incoming),
    /// `/handshake`: whether TLS was resumed; then the wire is closed.
    Handshake,
    /// `/together/N`: a short answer, once so many requests ask for it.
    Together(usize),
    /// `/never`: no answer.
    Never,
    /// `/waiting`: how many wait for that; then the wire is closed.
    Waiting,
    /// `/echo`: a WebSocket that sends everything back; the key to consent by.
    Echo(String),
    /// A file of the site.
    File(String),
}

/// A body to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Incoming {
    Length(u64),
    Chunked,
}

/// Reads a whole head. A server of files has nothing else.
pub(super) fn wish(head: &[u8], files_only: bool) -> io::Result<Wish> {
    // Nearly all requests are this one, and the server shall not be what limits them.
    if !files_only && head.starts_with(b"GET / ") {
        return Ok(Wish::Greeting);
    }
    let wrong = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what);
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut fields);
    request.parse(head).map_err(|_| wrong("no head"))?;
    let path = request.path.unwrap_or_default();
    if files_only {
        return Ok(Wish::File(path.to_owned()));
    }
    if path == "/echo" {
        let key = request.headers.iter().find(|field| field.name.eq_ignore_ascii_case("sec-websocket-key"));
        let key = key.and_then(|field| str::from_utf8(field.value).ok()).ok_or_else(|| wrong("no key"))?;
        return Ok(Wish::Echo(key.to_owned()));
    }
    if request.method == Some("POST") {
        let length = request.headers.iter().find(|field| field.name.eq_ignore_ascii_case("content-length"));
        let length = length.map(|field| str::from_utf8(field.value).ok().and_then(|digits| digits.parse().ok()));
        return Ok(Wish::Upload(match length {
            None => Incoming::Chunked,
            Some(length) => Incoming::Length(length.ok_or_else(|| wrong("no length"))?),
        }));
    }
    of_path(path)
}

/// What a GET of this path asks a server for that has no site.
pub(super) fn of_path(path: &str) -> io::Result<Wish> {
    let (name, number) = path.trim_start_matches('/').split_once('/').unwrap_or((path.trim_start_matches('/'), "0"));
    let wrong = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what);
    let number: u64 = number.parse().map_err(|_| wrong("no number"))?;
    match name {
        "octets" => Ok(Wish::Octets(number)),
        "handshake" => Ok(Wish::Handshake),
        "together" => Ok(Wish::Together(usize::try_from(number).map_err(|_| wrong("too many"))?)),
        "never" => Ok(Wish::Never),
        "waiting" => Ok(Wish::Waiting),
        _ => Ok(Wish::Greeting),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(line: &str, fields: &str) -> Wish {
        wish(format!("{line} HTTP/1.1\r\nHost: x\r\n{fields}\r\n").as_bytes(), false).unwrap()
    }

    #[test]
    fn the_path_says_what_is_asked_for() {
        assert_eq!(asked("GET /", ""), Wish::Greeting);
        assert_eq!(asked("GET /octets/300", ""), Wish::Octets(300));
        assert_eq!(asked("GET /together/2", ""), Wish::Together(2));
        assert_eq!(asked("GET /handshake", ""), Wish::Handshake);
        assert_eq!(asked("GET /never", ""), Wish::Never);
        assert_eq!(asked("GET /echo", "Sec-WebSocket-Key: abc\r\n"), Wish::Echo("abc".to_owned()));
        assert!(wish(b"GET /octets/many HTTP/1.1\r\n\r\n", false).is_err());
    }

    #[test]
    fn a_body_without_a_length_is_chunked() {
        assert_eq!(asked("POST /", "Content-Length: 5\r\n"), Wish::Upload(Incoming::Length(5)));
        assert_eq!(asked("POST /", "transfer-encoding: chunked\r\n"), Wish::Upload(Incoming::Chunked));
    }

    #[test]
    fn a_server_of_files_has_nothing_else() {
        assert_eq!(wish(b"GET / HTTP/1.1\r\n\r\n", true).unwrap(), Wish::File("/".to_owned()));
    }
}
