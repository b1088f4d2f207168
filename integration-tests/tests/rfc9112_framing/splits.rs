//! P1: any split of any octet stream gives the same answer.

use integration_tests::scripted_peer::{Script, Split};

use crate::answer::{Answer, Scene};

const STREAMS: [&str; 17] = [
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "\r\n\r\nHTTP/1.1 200 \r\nset-Cookie: a\r\nSET-cookie:\tb \r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.0 200 OK\r\n\r\nuntil the connection is closed",
    "HTTP/1.1 204 No Content\r\nA: b\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=\"b\\\"c\"\r\n world\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n00A\r\n0123456789\r\n0\r\nDigest: x\r\nY: z\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
    // What is refused is refused for the same reason.
    "HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nA: b\r\r\n\r\n",
    "HTTP/1.1 200 OK\nA: b\n\n",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\n",
    // What is cut short is known to be.
    "HTTP/1.1 200 OK\r\nA: b\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
];

#[tokio::test]
async fn p1_the_answer_does_not_depend_on_how_its_octets_are_cut() {
    for stream in STREAMS {
        let splits: Vec<_> = Split::every(stream.len()).collect();
        let scripts = splits.iter().map(|split| Script::answering_once(stream).split(*split));
        let scene = Scene::with(scripts.collect()).await;
        let mut whole = None;
        for split in splits {
            let request = scene.request(hinternet::Method::GET);
            // Every split has a connection of its own.
            request.add_header("connection", "close").unwrap();
            let seen = Seen::of(scene.play(request).await);
            let whole = whole.get_or_insert_with(|| seen.clone());
            assert_eq!(seen, *whole, "{stream:?} cut by {split:?}");
        }
        scene.end().await;
    }
}

/// What a caller can tell of an answer.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    interims: Vec<(u16, String)>,
    head: Option<String>,
    body: String,
    trailers: String,
    error: Option<String>,
}

impl Seen {
    fn of(answer: Answer) -> Self {
        let Answer { interims, head, body, trailers, error, .. } = answer;
        Self {
            interims: interims.into_iter().map(|(status, fields)| (status, format!("{fields:?}"))).collect(),
            head: head.map(|head| format!("{head:?}")),
            body: String::from_utf8_lossy(&body).into_owned(),
            trailers: format!("{trailers:?}"),
            error: error.map(|error| error.to_string()),
        }
    }
}
