// Node's `ws` as a server that does what the path asks. `server.py` is its like. NODE_PATH says where `ws` is.
'use strict';
const fs = require('fs');
const http = require('http');
const https = require('https');
const { WebSocketServer } = require('ws');

const [clear, secure] = process.argv.slice(2).map(Number);
const watchers = new Set();
const tell = (line) => watchers.forEach((watcher) => watcher.send(line));

const paths = {
  '/echo': (ws) => ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary })),
  // In pieces of the length that is asked for.
  '/pieces': (ws, query) =>
    ws.on('message', (data, isBinary) => {
      const size = Number(query.get('size'));
      for (let at = 0; at === 0 || at < data.length; at += size) {
        ws.send(data.subarray(at, at + size), { binary: isBinary, fin: at + size >= data.length });
      }
    }),
  '/close': (ws, query) => {
    const code = query.get('code');
    code ? ws.close(Number(code), query.get('reason')) : ws.close();
  },
  // Says when its client has answered.
  '/ping': (ws) => {
    ws.on('pong', (data) => ws.send(`answered ${data}`));
    ws.ping('are you there?');
  },
  // Many messages, one after the other, and word when one does not get through.
  '/flood': async (ws, query) => {
    const [count, size] = ['count', 'size'].map((name) => Number(query.get(name)));
    for (let n = 0; n < count; n++) {
      const message = Buffer.alloc(size, n % 251);
      const stuck = setTimeout(() => tell(`stuck ${n}`), 300);
      await new Promise((sent) => ws.send(message, sent));
      clearTimeout(stuck);
    }
    tell('flooded');
  },
  '/watch': (ws) => {
    watchers.add(ws);
    ws.send('watching');
  },
};

const options = (query) => {
  if (!query.has('deflate')) return false;
  // `false` would refuse a client that asks for it.
  const forgets = (name) => query.has(name) || undefined;
  const number = (name) => (query.has(name) ? Number(query.get(name)) : undefined);
  return {
    serverMaxWindowBits: number('server_bits'),
    clientMaxWindowBits: number('client_bits'),
    serverNoContextTakeover: forgets('server_forgets'),
    clientNoContextTakeover: forgets('client_forgets'),
    threshold: 0,
  };
};

const upgrade = (request, socket, head) => {
  const { pathname, searchParams } = new URL(request.url, 'http://here');
  const handleProtocols = (offered) => (offered.has('chat') ? 'chat' : false);
  const wss = new WebSocketServer({ noServer: true, handleProtocols, perMessageDeflate: options(searchParams) });
  wss.handleUpgrade(request, socket, head, (ws) => {
    ws.on('error', (error) => console.error(`${request.url}: ${error}`));
    ws.on('close', (code, reason) => {
      watchers.delete(ws);
      tell(`closed ${pathname} ${code} ${reason}`);
    });
    ws.on('ping', () => tell(`ping ${pathname}`));
    paths[pathname](ws, searchParams);
  });
};

http.createServer().on('upgrade', upgrade).listen(clear, '127.0.0.1');
const identity = { cert: fs.readFileSync('good.pem'), key: fs.readFileSync('good.key') };
https.createServer(identity).on('upgrade', upgrade).listen(secure, '127.0.0.1');
