import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, ConnectError, type Connection } from '../../src/cluster/connect.ts';
import { resources } from '../../src/model/kube.ts';
import { json, startApiServer, type ApiServer } from './api-server.ts';
import { selfSigned } from './self-signed.ts';

const certificate = selfSigned();
const folder = mkdtempSync(join(tmpdir(), 'serin-connect-'));
let server: ApiServer;
let connection: Connection | undefined;

function kubeconfig(cluster: object, user: object = {}, context = 'here'): string {
  const file = join(folder, 'config');
  writeFileSync(
    file,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'here', context: { cluster: 'c', user: 'u', namespace: 'shop' } }],
      'current-context': context,
    }),
  );
  return file;
}

beforeAll(async () => {
  server = await startApiServer(
    (_asked, response) => json(response, 200, { metadata: { resourceVersion: '1' }, items: [] }),
    certificate,
  );
});
afterEach(async () => {
  await connection?.close();
  connection = undefined;
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const ca = { 'certificate-authority-data': Buffer.from(certificate.cert).toString('base64') };

describe('connect', () => {
  it.each([
    ['a token', { token: 't1' }, 'Bearer t1'],
    [
      'a name and password',
      { username: 'u', password: 'p' },
      `Basic ${Buffer.from('u:p').toString('base64')}`,
    ],
  ])('uses the authority and %s of a kubeconfig', async (_, user, expected) => {
    connection = connect({
      kubeconfig: kubeconfig({ server: `${server.url}/`, ...ca }, user),
      version: '9.9',
    });
    await connection.cluster.list(resources.canaries);
    expect(server.asked.at(-1)).toMatchObject({
      url: '/apis/flagger.app/v1beta1/canaries',
      headers: { authorization: expected, 'user-agent': 'serin/9.9' },
    });
    expect(connection).toMatchObject({ server: server.url, namespace: 'shop' });
  });

  it('keeps a path prefix, and -master wins over the file', async () => {
    const file = kubeconfig({ server: 'https://127.0.0.1:1', ...ca });
    connection = connect({ kubeconfig: file, master: `${server.url}/k8s/clusters/c-1` });
    await connection.cluster.list(resources.services);
    expect(server.asked.at(-1)?.url).toBe('/k8s/clusters/c-1/api/v1/services');
  });

  it('speaks plain http where the address says so', async () => {
    const plain = await startApiServer((_asked, response) =>
      json(response, 200, { metadata: { resourceVersion: '1' }, items: [] }),
    );
    connection = connect({ kubeconfig: kubeconfig({ server: plain.url }) });
    expect(await connection.cluster.list(resources.services)).toMatchObject({ resourceVersion: '1' });
    await connection.close();
    await plain.close();
  });

  it('takes the service account of a credential plugin', async () => {
    const credential = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential' };
    const exec = {
      apiVersion: credential.apiVersion,
      command: process.execPath,
      args: [
        '-e',
        `console.log(JSON.stringify(${JSON.stringify({ ...credential, status: { token: 'x9' } })}))`,
      ],
      interactiveMode: 'Never',
    };
    connection = connect({ kubeconfig: kubeconfig({ server: server.url, ...ca }, { exec }) });
    await connection.cluster.list(resources.canaries);
    expect(server.asked.at(-1)?.headers.authorization).toBe('Bearer x9');
  });

  it.each<[string, () => string, string]>([
    ['a file that is not there', () => join(folder, 'none'), 'cannot read'],
    ['a context that is not there', () => kubeconfig({ server: 'https://x' }, {}, 'else'), 'current-context'],
    ['an address without scheme', () => kubeconfig({ server: 'x:6443' }), 'https://'],
    [
      'a proxy it cannot speak to',
      () => kubeconfig({ server: 'https://x', 'proxy-url': 'socks5://127.0.0.1:1' }),
      'proxy',
    ],
  ])('refuses %s and says what to do', (_, file, message) => {
    expect(() => connect({ kubeconfig: file() })).toThrow(ConnectError);
    expect(() => connect({ kubeconfig: file() })).toThrow(message);
  });
});
