// Which proxy a request takes. The settings read HTTP_PROXY, HTTPS_PROXY and NO_PROXY; nothing here looks at the
// environment. Rules of NO_PROXY as in Go's golang.org/x/net/http/httpproxy, which existing deployments are written for.
import { BlockList, isIP } from 'node:net';

/** As in the environment; empty where unset. */
export interface ProxySettings {
  readonly httpProxy: string;
  readonly httpsProxy: string;
  /** Comma-separated: hosts with their subdomains, `.domain` without the domain itself, addresses, CIDRs, `*`. */
  readonly noProxy: string;
}

export const noProxies: ProxySettings = { httpProxy: '', httpsProxy: '', noProxy: '' };

/** undefined: go there directly. Loopback never takes a proxy. */
export function proxyFor(url: URL, settings: ProxySettings): URL | undefined {
  const written = url.protocol === 'https:' ? settings.httpsProxy : settings.httpProxy;
  const text = written === '' || written.includes('://') ? written : `http://${written}`;
  if (!URL.canParse(text) || isExcepted(url, settings.noProxy)) {
    return undefined;
  }
  return new URL(text);
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

function isExcepted(url: URL, noProxy: string): boolean {
  const host = url.hostname.replaceAll(/^\[|\]$/g, '').toLowerCase();
  if (host === 'localhost' || contains(loopback, host)) {
    return true;
  }
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return noProxy
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry !== '' && matches(entry, host, port));
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === '*') {
    return true;
  }
  const [, address = '', bits = ''] = /^([^/]+)\/(\d+)$/.exec(entry) ?? [];
  if (address !== '') {
    return containsSubnet(address, Number(bits), host);
  }
  if (isIP(entry) !== 0) {
    return entry === host;
  }
  const [, name = entry, wantedPort] = /^(.*?):(\d+)$/.exec(entry) ?? [];
  if (wantedPort !== undefined && wantedPort !== port) {
    return false;
  }
  const domain = name.replace(/^\*(?=\.)/, '').replaceAll(/^\[|\]$/g, '');
  return domain.startsWith('.') ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`);
}

function containsSubnet(address: string, bits: number, host: string): boolean {
  const family = isIP(address);
  if (family === 0 || bits > (family === 4 ? 32 : 128)) {
    return false;
  }
  const list = new BlockList();
  list.addSubnet(address, bits, family === 4 ? 'ipv4' : 'ipv6');
  return contains(list, host);
}

function contains(list: BlockList, host: string): boolean {
  const family = isIP(host);
  return family !== 0 && list.check(host, family === 4 ? 'ipv4' : 'ipv6');
}
