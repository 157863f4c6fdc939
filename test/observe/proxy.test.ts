import { describe, expect, it } from '@jest/globals';
import { proxyFor } from '../../src/observe/proxy.ts';

const settings = { httpProxy: 'http://plain.test:3128', httpsProxy: 'secure.test:3129', noProxy: '' };

describe('the proxy of a request', () => {
  it.each([
    ['http://prometheus.test', 'http://plain.test:3128/'],
    ['https://prometheus.test', 'http://secure.test:3129/'],
    ['http://localhost:9090', undefined],
    ['http://127.0.0.53', undefined],
    ['http://[::1]', undefined],
  ])('to %s is %s', (url, proxy) => {
    expect(proxyFor(new URL(url), settings)?.href).toBe(proxy);
  });

  it.each(['', 'http://', '::::'])('is none where the setting is %j', (httpProxy) => {
    expect(proxyFor(new URL('http://prometheus.test'), { ...settings, httpProxy })).toBeUndefined();
  });

  it.each([
    ['*', 'http://anything.test', true],
    ['prometheus.test', 'http://prometheus.test', true],
    ['prometheus.test', 'http://sub.prometheus.test', true],
    ['prometheus.test', 'http://notprometheus.test', false],
    ['.prometheus.test', 'http://sub.prometheus.test', true],
    ['.prometheus.test', 'http://prometheus.test', false],
    ['*.prometheus.test', 'http://sub.prometheus.test', true],
    ['PROMETHEUS.test', 'http://Prometheus.TEST', true],
    ['prometheus.test:9090', 'http://prometheus.test:9090', true],
    ['prometheus.test:9090', 'http://prometheus.test', false],
    ['prometheus.test:443', 'https://prometheus.test', true],
    ['a.test, .svc ,b.test', 'http://prometheus.monitoring.svc', true],
    ['10.0.0.0/8', 'http://10.1.2.3:9090', true],
    ['10.0.0.0/8', 'http://11.1.2.3:9090', false],
    ['10.0.0.0/8', 'http://prometheus.test', false],
    ['10.0.0.1', 'http://10.0.0.1', true],
    ['10.0.0.1', 'http://10.0.0.11', false],
    ['fd00::/8', 'http://[fd12::1]:9090', true],
    ['fd00::1', 'http://[fd00::1]', true],
    ['10.0.0.0/99', 'http://10.1.2.3', false],
    [',,', 'http://prometheus.test', false],
  ])('with NO_PROXY %s is left out for %s: %s', (noProxy, url, direct) => {
    expect(proxyFor(new URL(url), { ...settings, noProxy }) === undefined).toBe(direct);
  });
});
