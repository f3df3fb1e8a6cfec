import { createServer } from 'node:http';
import { connect } from 'node:net';

import { atEnd } from './scope.mjs';

// An HTTP proxy: tunnels by CONNECT to those who have its credentials ("user:password"; none: to all). `asked`: what it was
// asked for, as {target, authorization}.
export async function startProxy(scope, { credentials } = {}) {
  const wanted = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`;
  const asked = [];
  const sockets = new Set();
  const keep = (socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  };
  const server = createServer((_, answer) => answer.writeHead(501).end());
  server.on('connect', ({ url, headers }, client, head) => {
    const authorization = headers['proxy-authorization'];
    asked.push({ target: url, authorization });
    keep(client);
    if (authorization !== wanted) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    const [host, port] = url.split(':');
    const upstream = connect({ host, port: Number(port) }, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(client).pipe(upstream);
    });
    keep(upstream);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(scope, () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { asked, url: `http://${credentials ? `${credentials}@` : ''}127.0.0.1:${server.address().port}` };
}
