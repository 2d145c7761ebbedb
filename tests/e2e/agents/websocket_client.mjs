// A websocket as `ws` speaks it: argument 1 is the URL, WEBSOCKET_PASS what it shows. Prints what it met as JSON.
// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import WebSocket from 'ws';

const headers = { 'x-goog-api-key': process.env.WEBSOCKET_PASS };
const socket = new WebSocket(process.argv[2], { headers, perMessageDeflate: { threshold: 0 } });
await once(socket, 'open');

const heard = new Promise((resolve) => {
  socket.on('message', (octets) => {
    if (!octets.toString().startsWith('tick')) resolve(octets.toString());
  });
});
socket.send('one ', { fin: false });
socket.ping('are you there');
socket.send('two ', { fin: false });
socket.send('three', { fin: true });
const [pong] = await once(socket, 'pong');
const echo = await heard;
socket.close(4321, 'that is all');
const [code, reason] = await once(socket, 'close');
console.log(
  JSON.stringify({
    extensions: socket.extensions,
    pong: pong.toString(),
    echo,
    code,
    reason: reason.toString(),
  }),
);
