// Which rule of all routes a request meets, in one shape for every kind of route object. Pure; what the objects look like is
// known to http-route.ts and http-proxy.ts, and what happens to the request to gateway.ts.
import type { HeaderChange } from './answer-headers.ts';

export interface Backend {
  readonly namespace: string;
  readonly service: string;
  readonly port: number;
  readonly weight: number;
  /** What happens to its answers. */
  readonly answers?: readonly HeaderChange[];
}

/** Where copies of requests go, and of how many in a hundred. */
interface Copies {
  readonly to: Backend;
  readonly percent: number;
}

export interface ValueMatch {
  readonly name: string;
  /** Of a header or parameter that is absent: undefined. */
  readonly fits: (value: string | undefined) => boolean;
}

export interface PathMatch {
  readonly kind: 'exact' | 'prefix' | 'regex';
  readonly value: string;
}

export interface Rule {
  /** Rules of one id share one split: they are the matches of one rule of a route object. */
  readonly id: string;
  /** Empty: any; `*.example.com`: any below. */
  readonly hostname: string;
  readonly path: PathMatch;
  /** Empty: any. */
  readonly method: string;
  readonly headers: readonly ValueMatch[];
  readonly parameters: readonly ValueMatch[];
  readonly backends: readonly Backend[];
  readonly copies?: readonly Copies[];
  /** What happens to all answers, after what their backend says. */
  readonly answers?: readonly HeaderChange[];
}

export interface RoutedRequest {
  /** Without a port, in lower case. */
  readonly host: string;
  readonly method: string;
  /** With the query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** A pattern that fits a whole value; one that is no pattern fits nothing, so that it takes no other rule's requests. */
export function wholePattern(pattern: string): RegExp {
  try {
    return new RegExp(`^(?:${pattern})$`);
  } catch {
    return /(?!)/;
  }
}

/** In the order of Gateway API: the most specific host name first, then path, method, headers and parameters; then as given. */
export function sortRules(rules: readonly Rule[]): readonly Rule[] {
  return rules.toSorted((a, b) => {
    const [ranksA, ranksB] = [ranksOf(a), ranksOf(b)];
    return ranksA.map((rank, i) => (ranksB[i] ?? 0) - rank).find((difference) => difference !== 0) ?? 0;
  });
}

function ranksOf({ hostname, path, method, headers, parameters }: Rule): readonly number[] {
  const pathRank = { exact: 2, regex: 1, prefix: 0 }[path.kind];
  return [
    hostname === '' ? 0 : hostname.startsWith('*.') ? 1 : 2,
    hostname.length,
    pathRank,
    path.value.length,
    method === '' ? 0 : 1,
    headers.length,
    parameters.length,
  ];
}

/** `rules` as sorted by `sortRules`. */
export function findRule(rules: readonly Rule[], request: RoutedRequest): Rule | undefined {
  const { pathname, searchParams } = new URL(request.target, 'http://gateway');
  const valueOf = (name: string): string | undefined => {
    const value = request.headers[name.toLowerCase()];
    return typeof value === 'object' ? value.join(',') : value;
  };
  return rules.find(
    ({ hostname, path, method, headers, parameters }) =>
      fitsHost(hostname, request.host) &&
      fitsPath(path, pathname) &&
      (method === '' || method === request.method) &&
      headers.every(({ name, fits }) => fits(valueOf(name))) &&
      parameters.every(({ name, fits }) => fits(searchParams.get(name) ?? undefined)),
  );
}

function fitsHost(hostname: string, host: string): boolean {
  if (hostname === '' || hostname === host) {
    return true;
  }
  return hostname.startsWith('*.') && host.endsWith(hostname.slice(1)) && host.length >= hostname.length;
}

function fitsPath({ kind, value }: PathMatch, pathname: string): boolean {
  switch (kind) {
    case 'exact':
      return pathname === value;
    case 'regex':
      return wholePattern(value).test(pathname);
    case 'prefix': {
      // Prefixes are of whole path elements: /car does not match /cart.
      const prefix = value.endsWith('/') ? value : `${value}/`;
      return `${pathname}/`.startsWith(prefix);
    }
  }
}

/**
 * The smooth weighted round robin of nginx: exact over every run of as many requests as the weights add up to, and spread
 * evenly within it. A gateway of the real world often chooses at random; a short story wants small samples to fit.
 */
export class SmoothSplit {
  private readonly credits = new Map<string, number>();
  private weights = '';

  /** undefined where no backend has a weight. */
  choose(backends: readonly Backend[]): Backend | undefined {
    const weights = JSON.stringify(backends);
    if (weights !== this.weights) {
      this.weights = weights;
      this.credits.clear();
    }
    const total = backends.reduce((sum, { weight }) => sum + weight, 0);
    let best: { key: string; backend: Backend; credit: number } | undefined;
    for (const [index, backend] of backends.entries()) {
      const key = String(index);
      const credit = (this.credits.get(key) ?? 0) + backend.weight;
      this.credits.set(key, credit);
      if (backend.weight > 0 && (best === undefined || credit > best.credit)) {
        best = { key, backend, credit };
      }
    }
    if (best !== undefined) {
      this.credits.set(best.key, best.credit - total);
    }
    return best?.backend;
  }
}
