// Loaded into every function of a run (NODE_OPTIONS): what goes to the run's X-Ray daemon carries a code that only the run can make. The
// daemon is on a port that anybody on this machine can send to, and the protocol has no place for a secret. Plain Node, so that it costs a
// function next to nothing.
const { Socket } = require('node:dgram');

const key = process.env.LOCAL_RUN_TRACE_KEY;
const daemonPort = Number(/:(\d+)$/.exec(process.env.AWS_XRAY_DAEMON_ADDRESS ?? '')?.[1]);
const send = Socket.prototype.send;
/** Memory of what was signed: a socket that is not bound yet calls `send` again for it, later. */
const done = new WeakSet();
const bound = new WeakSet();

function isDone(message) {
  const [part] = Array.isArray(message) ? message : [message];
  return ArrayBuffer.isView(part) && done.has(part.buffer);
}

function signed(message) {
  const content = Array.isArray(message) ? Buffer.concat(message.map((part) => Buffer.from(part))) : Buffer.from(message);
  const code = require('node:crypto').createHmac('sha256', key).update(content).digest('hex');
  const datagram = Buffer.allocUnsafeSlow(code.length + 1 + content.length);
  datagram.write(`${code}\n`);
  content.copy(datagram, code.length + 1);
  done.add(datagram.buffer);
  return datagram;
}

/** Else a socket that only sends is bound to every interface. */
function bindHere(socket) {
  if (bound.has(socket)) return;
  bound.add(socket);
  try {
    socket.address();
  } catch {
    socket.bind(0, '127.0.0.1');
  }
}

if (key && daemonPort) {
  Socket.prototype.send = function sendSigned(message, ...rest) {
    // send(message, port, ...) or send(message, offset, length, port, ...)
    const isPart = rest[2] === daemonPort;
    if (isDone(message) || !(isPart || (rest[0] === daemonPort && typeof rest[2] !== 'number'))) return send.call(this, message, ...rest);
    bindHere(this);
    if (!isPart) return send.call(this, signed(message), ...rest);
    return send.call(this, signed(Buffer.from(message).subarray(rest[0], rest[0] + rest[1])), ...rest.slice(2));
  };
}
