// TLSRoute, TCPRoute and UDPRoute: one rule that divides connections, or datagrams, and nothing else. Limits and patterns:
// Gateway API v1.6, the three definitions.
import type { CanarySpec } from '../../api/canary.ts';
import type { Path, Problem } from '../../api/problem.ts';
import type { Service } from '../../api/service.ts';
import type { JsonObject } from '../../model/json.ts';
import { allPrimary } from '../../model/split.ts';
import { isMatched } from '../matches.ts';
import { error } from '../problems.ts';
import type { RouteWish } from '../router.ts';
import { hostProblems, parentProblems } from './reference-problems.ts';
import { attachmentOf, backendsOf } from './route-spec.ts';

const serverNames = { max: 1024, fix: 'write a host name in lower case without a port' };
const IP_ADDRESS = /^[0-9]+(\.[0-9]+){3}$/;

const hosts: Path = ['spec', 'service', 'hosts'];

/** `named`: the route has names of servers, which tell connections apart. */
export function streamSpecOf(wish: RouteWish, { named }: { readonly named: boolean }): JsonObject {
  const { hostnames, ...attachment } = attachmentOf(wish.spec.service);
  // It cannot choose users: a match is refused, and here nobody must see the canary because of it.
  const split = isMatched(wish.spec) ? allPrimary : wish.split;
  return {
    ...attachment,
    ...(named ? { hostnames } : {}),
    rules: [{ backendRefs: backendsOf(wish, split) }],
  };
}

export function streamProblems({ service }: CanarySpec): readonly Problem[] {
  return service === undefined ? [] : parentProblems(service);
}

export function tlsProblems(spec: CanarySpec): readonly Problem[] {
  const { service } = spec;
  return [...streamProblems(spec), ...(service === undefined ? [] : serverNameProblems(service))];
}

function serverNameProblems(service: Service): Problem[] {
  const names = service.hosts ?? [];
  if (names.length === 0) {
    return [
      error(hosts, {
        message: 'is empty, and a TLSRoute takes connections by the names of servers',
        fix: 'write the host names that clients ask for (SNI)',
      }),
    ];
  }
  const addresses = names.flatMap((name, index) =>
    IP_ADDRESS.test(name)
      ? [
          error([...hosts, index], {
            value: name,
            message: 'is an address, which no TLS client sends as the name of a server',
            fix: 'write a host name',
          }),
        ]
      : [],
  );
  return [...hostProblems(service, serverNames), ...addresses];
}
