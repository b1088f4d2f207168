# Python's `websockets` as a server that does what the path asks, as `server.cjs` does. PYTHONPATH says where it is.
import asyncio
import ssl
import sys
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory

watchers = set()


async def tell(line):
    for watcher in list(watchers):
        await watcher.send(line)


def cut(message, size):
    return [message[at : at + size] for at in range(0, max(len(message), 1), size)]


async def echo(ws, query):
    async for message in ws:
        await ws.send(message)


# In pieces of the length that is asked for.
async def pieces(ws, query):
    async for message in ws:
        await ws.send(cut(message, int(query["size"])))


async def close(ws, query):
    if "code" in query:
        await ws.close(int(query["code"]), query.get("reason", ""))
    else:
        await ws.close(1000)


# Says when its client has answered.
async def ping(ws, query):
    await (await ws.ping("are you there?"))
    await ws.send("answered are you there?")
    await ws.wait_closed()


# Many messages, one after the other, and word when one does not get through.
async def flood(ws, query):
    loop = asyncio.get_running_loop()
    for n in range(int(query["count"])):
        stuck = loop.call_later(0.3, lambda: loop.create_task(tell(f"stuck {n}")))
        await ws.send(bytes([n % 251]) * int(query["size"]))
        stuck.cancel()
    await tell("flooded")
    await ws.wait_closed()


async def watch(ws, query):
    watchers.add(ws)
    await ws.send("watching")
    await ws.wait_closed()


paths = {"/echo": echo, "/pieces": pieces, "/close": close, "/ping": ping, "/flood": flood, "/watch": watch}


def query_of(request):
    query = parse_qs(urlsplit(request.path).query, keep_blank_values=True)
    return {name: values[0] for name, values in query.items()}


async def handle(ws):
    path = urlsplit(ws.request.path).path
    try:
        await paths[path](ws, query_of(ws.request))
        await ws.wait_closed()
    except ConnectionClosed:
        pass
    watchers.discard(ws)
    await tell(f"closed {path} {ws.close_code} {ws.close_reason}")


def choose(connection, offered):
    return "chat" if "chat" in offered else None


# Which extensions there are is decided for each connection.
def choose_extensions(connection, request):
    query = query_of(request)
    number = lambda name: int(query[name]) if name in query else None
    if "deflate" in query:
        deflate = ServerPerMessageDeflateFactory(
            server_no_context_takeover="server_forgets" in query,
            client_no_context_takeover="client_forgets" in query,
            server_max_window_bits=number("server_bits"),
            client_max_window_bits=number("client_bits"),
        )
        connection.protocol.available_extensions = [deflate]


async def main():
    clear, secure = map(int, sys.argv[1:])
    identity = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    identity.load_cert_chain("good.pem", "good.key")
    options = dict(
        compression=None,
        select_subprotocol=choose,
        process_request=choose_extensions,
        max_size=None,
        write_limit=65536,
        ping_interval=None,
    )
    async with serve(handle, "127.0.0.1", clear, **options):
        async with serve(handle, "127.0.0.1", secure, ssl=identity, **options):
            await asyncio.get_running_loop().create_future()


asyncio.run(main())
