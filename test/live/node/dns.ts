// The cluster's DNS, as little as stories need: A records of Services over UDP.
// Not here: forwarding; a name that is no Service does not exist.
// Imports node:* only. Wire format: RFC 1035, sections 4.1 and 3.2.
import { createSocket } from 'node:dgram';

const typeA = 1;

/** Answers `service.namespace`, with or without `.svc` and `.svc.cluster.local`, on 127.0.0.1:53. */
export function startDns(resolve: (service: string, namespace: string) => string[]): Promise<void> {
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address }) => {
    const reply = answer(query, resolve);
    if (reply !== undefined) socket.send(reply, port, address);
  });
  return new Promise((done, reject) => {
    socket.once('error', reject).bind(53, '127.0.0.1', done);
  });
}

function answer(
  query: Buffer,
  resolve: (service: string, namespace: string) => string[],
): Buffer | undefined {
  if (query.length < 17) return undefined;
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length).toLowerCase());
    at += length + 1;
  }
  const type = query.readUInt16BE(at + 1);
  const [service = '', namespace = '', svc = 'svc', ...zone] = labels;
  const ours = svc === 'svc' && ['', 'cluster.local'].includes(zone.join('.'));
  const addresses = ours ? resolve(service, namespace) : [];
  const records = type === typeA ? addresses : [];
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  // Response, authoritative, recursion available; NXDOMAIN (3) for unknown names.
  header.writeUInt16BE(0x8480 | (query.readUInt16BE(2) & 0x0100) | (addresses.length === 0 ? 3 : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, query.subarray(12, at + 5), ...records.map(recordOf)]);
}

/** The name is a pointer to the question (0xc00c); class IN, 1 s to live. */
function recordOf(address: string): Buffer {
  const head = Buffer.from([0xc0, 0x0c, 0, typeA, 0, 1, 0, 0, 0, 1, 0, 4]);
  return Buffer.concat([head, Buffer.from(address.split('.').map(Number))]);
}
