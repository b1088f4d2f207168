#!/usr/bin/env python3
"""Writes a folder of seeds for each fuzz target, out of the vectors that HINTERNET_VECTORS names and the findings that are kept.

    seeds.py FOLDER

Beside each folder stands the list of what is in it, in the order in which a target takes them: a directory has an order of its own.
Without vectors there are only the findings and one short seed for each target. Nothing of the vectors is kept here.
"""

import base64
import hashlib
import json
import os
import pathlib
import sys
import tarfile

LONGEST = 4096
HERE = pathlib.Path(__file__).parent

# One of each, so that a target has something to begin with where there are no vectors.
OWN = {
    "byteranges": ["--b\r\nContent-Range: bytes 0-3/9\r\n\r\nabcd\r\n--b\r\ncontent-range: bytes 5-6/9\r\n\r\nfg\r\n--b--\r\n"],
    "challenge": ['Digest realm="a \\"b\\"", nonce="c", qop="auth, auth-int", algorithm=SHA-256, Basic realm="x"\nNegotiate abc=='],
    "client": ["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "HTTP/1.1 302 x\r\nlocation: /a\r\n\r\n"],
    "coding": [bytes.fromhex("001f8b08000000000000034b4c4a060041c24135 03000000".replace(" ", "")), b"\x03(\xb5/\xfd\x00X!\x00\x00abc\xb4"],
    "date": ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"],
    "event_stream": ["\ufeffid: 1\nevent: x\ndata: a\ndata: b\n\n: comment\r\nretry: 5\r\n\r\n"],
    "fields": [
        "bytes 0-1/2", "bytes */9", "bytes=0-1,-5", 'multipart/byteranges; boundary="b"', "max-age=1; includeSubDomains",
        "gzip, br", "120", '"tag"', "permessage-deflate; server_max_window_bits=12; client_no_context_takeover",
    ],
    "response": ["HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\na: b\r\n c\r\nContent-Length: 3\r\n\r\nabcd"],
    "set_cookie": ["a=b; Domain=.example.com; Path=/c; Secure; HttpOnly; SameSite=Lax; Max-Age=9; Expires=Sun, 06 Nov 2094 08:49:37 GMT"],
    "tunnel": [
        b"\x00\x05\x00\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50rest", b"\x04\x05\x02\x01\x00\x05\x00\x00\x03\x01a\x00\x50",
        b"\x01\x00\x5a\x00\x50\x7f\x00\x00\x01rest", b"\x02HTTP/1.1 407 x\r\ncontent-length: 2\r\n\r\nab", b"\x02HTTP/1.1 200 x\r\n\r\nrest",
    ],
    "url": ["http://user@example.org:8080/a/../b?c#d", "https://[::1]/%7e", "//\u00fcber.example/\t x"],
    "websocket": [b"\x01\x01\x03abc\x80\x03def\x89\x01x\x88\x02\x03\xe8", b"\x00\xc1\x07\xf2H\xcd\xc9\xc9\x07\x00"],
    "websocket_written": [b"\x00\x04\x00\x03abc\x02\x05hello\x01\x06\x08compress"],
}


def request(choice, method, target, host, fields, body):
    """As the target takes a request apart: each part behind its length."""
    parts = [method, target, host]
    octets = bytes([choice]) + b"".join(bytes([len(part)]) + part for part in parts) + bytes([len(fields)])
    for name, value in fields:
        octets += bytes([len(name)]) + name + bytes([len(value)]) + value
    return octets + body


OWN["request"] = [
    request(8, b"GET", b"/a?b", b"example.org:8080", [(b"x-a", b"b"), (b"te", b"trailers")], b""),
    request(2, b"POST", b"/", b"h", [(b"content-length", b"5"), (b"expect", b"100-continue")], b"hello"),
    request(4, b"PUT", b"http://h/a", b"h", [(b"host", b"other")], b"in chunks of some length"),
    request(1, b"CONNECT", b"h:443", b"h:443", [], b""),
]


def main(folder):
    if "," in folder:
        sys.exit("libFuzzer takes no comma in the name of a folder")
    seeds = {name: set() for name in OWN}

    def add(name, seed):
        octets = seed.encode("utf-8", "surrogatepass") if isinstance(seed, str) else seed
        if len(octets) <= LONGEST:
            seeds[name].add(octets)

    for name, own in OWN.items():
        for seed in own:
            add(name, seed)
        for found in sorted((HERE / "regressions" / name).glob("*")):
            add(name, found.read_bytes())
    vectors = os.environ.get("HINTERNET_VECTORS")
    if vectors:
        of_vectors(pathlib.Path(vectors), add)
    else:
        print("vectors not found: the seeds are this repository's own")
    for name, all_of_it in seeds.items():
        place = pathlib.Path(folder) / name
        place.mkdir(parents=True, exist_ok=True)
        names = {hashlib.sha1(octets).hexdigest(): octets for octets in all_of_it}
        for seed, octets in names.items():
            (place / seed).write_bytes(octets)
        place.with_suffix(".list").write_text(",".join(str(place / seed) for seed in sorted(names)))
        print(f"{name}: {len(all_of_it)} seeds")


def of_vectors(vectors, add):
    def load(name):
        return json.loads((vectors / name).read_text())

    def response(octets):
        add("response", octets)
        add("client", octets)
        add("tunnel", b"\x02" + octets)
        head, _, body = octets.partition(b"\r\n\r\n")
        fields = [line.partition(b":") for line in head.split(b"\r\n")[1:]]
        for name, _, value in fields:
            value = value.strip()
            match name.lower():
                case b"set-cookie":
                    add("set_cookie", value)
                case b"location":
                    add("url", value)
                case b"www-authenticate" | b"proxy-authenticate":
                    add("challenge", value)
                case b"content-encoding":
                    choice = {b"gzip": 0, b"deflate": 1, b"br": 2, b"zstd": 3}.get(value.lower())
                    if choice is not None:
                        add("coding", bytes([choice]) + body)
                case _:
                    add("fields", value)

    for case in load("llhttp/llhttp-vectors.json")["cases"]:
        if case["type"].startswith("response"):
            response(base64.b64decode(case["input_b64"]))
    for case in load("curl-fuzz-seeds/responses.json"):
        for octets in case["responses"]:
            response(bytes.fromhex(octets))
    for case in load("hostile-h1/cases.json")["cases"]:
        response(b"".join(bytes.fromhex(step["send"]) for step in case["steps"] if "send" in step))
    for case in load("curl-replay/cases.json")["cases"]:
        for octets in case["replies"].values():
            if isinstance(octets, str):
                response(base64.b64decode(octets))
    for octets in load("wpt/h1-lone-cr.json").values():
        for one in octets:
            response(one.encode("latin-1"))
    for case in load("http-state/parser.json"):
        add("set_cookie", "\n".join(case["received"]))
    for name in ["dates-bsd.json", "dates-examples.json"]:
        for case in load(f"http-state/{name}"):
            add("date", case["test"])
    for case in load("wpt/urltestdata.json"):
        if isinstance(case, dict):
            add("url", case["input"])
    with tarfile.open(vectors / "ws-fuzz-seeds/seeds.tar.gz") as archive:
        for member in archive:
            octets = archive.extractfile(member).read() if member.isfile() else b""
            for choice in (0, 1):
                add("websocket", bytes([choice]) + octets)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
