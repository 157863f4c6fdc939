import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { describeFlags, parseSettings, SettingsError } from '../src/settings.ts';

function problem(args: readonly string[], environment: Record<string, string> = {}): SettingsError {
  try {
    parseSettings(args, environment);
  } catch (error) {
    if (error instanceof SettingsError) {
      return error;
    }
    throw error;
  }
  throw new Error(`accepted: ${args.join(' ')}`);
}

describe('settings', () => {
  it('have the defaults that the documentation names', () => {
    const { settings, warnings } = parseSettings([], {});
    expect(warnings).toEqual([]);
    expect(settings).toEqual({
      kubeconfig: undefined,
      master: undefined,
      namespaces: [],
      labelSelector: '',
      meshProvider: 'istio',
      metricsServer: 'http://prometheus:9090',
      selectorLabels: ['app', 'name', 'app.kubernetes.io/name'],
      includeLabelPrefix: [],
      enableConfigTracking: true,
      ingressClass: undefined,
      ingressAnnotationsPrefix: 'nginx.ingress.kubernetes.io',
      noCrossNamespaceRefs: false,
      trustGateways: false,
      eventWebhook: undefined,
      clusterName: undefined,
      minimumIntervalMs: 10_000,
      concurrency: 16,
      enableLeaderElection: true,
      leaderElectionNamespace: 'kube-system',
      leaderElectionLeaseDurationMs: 60_000,
      leaderElectionRenewDeadlineMs: 15_000,
      leaderElectionRetryPeriodMs: 5000,
      port: 8080,
      bindAddress: undefined,
      logLevel: 'debug',
      version: false,
      help: false,
    });
    expect(Object.isFrozen(settings)).toBe(true);
  });

  it.each([
    [['-port=9000'], { port: 9000 }],
    [['--port', '9000'], { port: 9000 }],
    [['-port', '1', '-port', '2'], { port: 2 }],
    [['-enable-leader-election=false'], { enableLeaderElection: false }],
    [['-no-cross-namespace-refs', '-port=1'], { noCrossNamespaceRefs: true, port: 1 }],
    [['-no-cross-namespace-refs=T'], { noCrossNamespaceRefs: true }],
    [['-namespace=a, b,,c'], { namespaces: ['a', 'b', 'c'], leaderElectionNamespace: 'kube-system' }],
    [['-namespace=a'], { namespaces: ['a'], leaderElectionNamespace: 'a' }],
    [['-mesh-provider=gatewayapi:v1'], { meshProvider: 'gatewayapi:v1' }],
    [['-minimum-interval=1s'], { minimumIntervalMs: 1000 }],
    [['-minimum-interval', '1m30s'], { minimumIntervalMs: 90_000 }],
    [['-log-level=warning'], { logLevel: 'warn' }],
    [['-master=https://a=b'], { master: 'https://a=b' }],
    [['-label-selector=team in (a,b),!old'], { labelSelector: 'team in (a,b),!old' }],
    [['-h'], { help: true }],
  ])('%j', (args, expected) => {
    expect(parseSettings(args, {}).settings).toMatchObject(expected);
  });

  it('the environment wins over the flag unless it is empty', () => {
    const args = ['-event-webhook=http://flag/'];
    const read = (value: string): unknown =>
      parseSettings(args, { EVENT_WEBHOOK_URL: value }).settings.eventWebhook;
    expect(read('http://environment/')).toBe('http://environment/');
    expect(read('')).toBe('http://flag/');
  });

  it.each([
    [['-prot=1'], '-prot: no such flag'],
    [['-constructor=1'], '-constructor: no such flag'],
    [['-port=abc'], '-port: "abc" must be a whole number from 0 to 65535'],
    [['-port=70000'], '-port: "70000"'],
    [['-port'], '-port: needs a value'],
    [['-no-cross-namespace-refs', 'false'], 'false: is no flag'],
    [['-enable-leader-election=yes'], '-enable-leader-election: "yes" must be true or false'],
    [['-minimum-interval=10'], '-minimum-interval: "10" must be a duration'],
    [['-minimum-interval=500ms'], 'at least 1s'],
    [['-mesh-provider=istoi'], '-mesh-provider: "istoi"'],
    [['-metrics-server=prometheus:9090'], '-metrics-server: "prometheus:9090" must be an http'],
    [['-label-selector=a in b'], '-label-selector: "a in b"'],
    [['-leader-election-renew-deadline=60s'], 'must be shorter than -leader-election-lease-duration'],
    [['-leader-election-retry-period=15s'], 'must be shorter than -leader-election-renew-deadline'],
    [['-concurrency=0'], '-concurrency: "0"'],
    [['--'], '--: is no flag'],
  ])('%j is refused: %s', (args, message) => {
    expect(problem(args).message).toContain(message);
    expect(problem(args).exitCode).toBe(2);
  });

  it('tells of all that is wrong at once, and never shows a secret', () => {
    const { message } = problem(['-port=x', '-concurrency=x'], { EVENT_WEBHOOK_URL: 'hooks.example/secret' });
    expect(message.split('\n')).toHaveLength(3);
    expect(message).toContain('-event-webhook (or EVENT_WEBHOOK_URL): (not shown)');
    expect(message).not.toContain('secret');
  });

  it('accepts the flags of Flagger that have no effect, and warns of each', () => {
    const args = ['-threadiness=4', '-zap-replace-globals', '-slack-url', 'http://hook/secret', '-v=4'];
    const { warnings } = parseSettings([...args, '-log-level=loud'], { MSTEAMS_URL: 'http://hook/secret' });
    expect(warnings.map((line) => line.split(' ')[0])).toEqual([
      '-threadiness',
      '-zap-replace-globals',
      '-slack-url',
      '-v',
      'MSTEAMS_URL',
      '-log-level',
    ]);
    expect(warnings.join()).not.toContain('secret');
  });

  it('every flag of Flagger is known, and described', () => {
    const flagger = [
      [
        'kubeconfig=x',
        'master=https://x',
        'kubeconfig-qps=1',
        'kubeconfig-burst=1',
        'kubeconfig-service-mesh=x',
      ],
      [
        'metrics-server=http://x',
        'control-loop-interval=10s',
        'log-level=info',
        'zap-encoding=json',
        'port=1',
      ],
      [
        'zap-replace-globals=false',
        'threadiness=2',
        'namespace=x',
        'mesh-provider=istio',
        'selector-labels=app',
      ],
      [
        'include-label-prefix=*',
        'enable-config-tracking=true',
        'ingress-annotations-prefix=x',
        'slack-user=x',
      ],
      ['ingress-class=x', 'enable-leader-election=true', 'leader-election-namespace=x', 'slack-url=x'],
      ['slack-token=x', 'slack-proxy-url=x', 'slack-channel=x', 'msteams-url=x', 'msteams-proxy-url=x'],
      ['event-webhook=http://x', 'cluster-name=x', 'no-cross-namespace-refs=false', 'version=false'],
    ].flat();
    expect(() =>
      parseSettings(
        flagger.map((flag) => `-${flag}`),
        {},
      ),
    ).not.toThrow();
    const help = describeFlags();
    for (const flag of flagger) {
      expect(help).toContain(`-${flag.split('=')[0] ?? ''}`);
    }
  });

  it('either parses or throws a SettingsError, whatever the words', () => {
    const word = fc.oneof(
      fc.constantFrom('-port', '-port=1', '-namespace', '-', '--', '-=', '-v', '-help', '-__proto__=1'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 5 }), (args) => {
        try {
          expect(parseSettings(args, {}).settings.port).toBeGreaterThanOrEqual(0);
        } catch (error) {
          expect(error).toBeInstanceOf(SettingsError);
        }
      }),
    );
  });
});
