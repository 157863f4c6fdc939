// Checks of what routes of the Gateway API refer to: parents, host names, and Services that get copies.
import type { Path, Problem } from '../../api/problem.ts';
import type { GatewayRef, Service } from '../../api/service.ts';
import { error } from '../problems.ts';
import { listProblems } from './values.ts';

const HOST = /^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const MAX_HOSTS = 16;

const service: Path = ['spec', 'service'];

const httpHosts = {
  max: MAX_HOSTS,
  fix: 'write a host name in lower case without a port; leave hosts out to take every host',
};

export function hostProblems({ hosts }: Service, limits = httpHosts): Problem[] {
  return listProblems([...service, 'hosts'], hosts, { pattern: HOST, ...limits });
}

export function parentProblems({ gatewayRefs: refs = [] }: Service): Problem[] {
  const path: Path = [...service, 'gatewayRefs'];
  if (refs.length === 0) {
    return [
      error(path, {
        reason: 'MissingReference',
        message: 'is empty, so the route would belong to no gateway',
        fix: 'name the Gateway, or for a mesh the Service, that the route belongs to',
      }),
    ];
  }
  return refs.flatMap((ref, index) => {
    const twins = refs.slice(0, index).filter((other) => isSameParent(other, ref));
    const clash = twins.some(
      ({ sectionName }) =>
        sectionName === undefined || ref.sectionName === undefined || sectionName === ref.sectionName,
    );
    return clash
      ? [
          error([...path, index], {
            message: 'names the same parent as an entry before it',
            fix: 'give each of the two another sectionName, or remove one',
          }),
        ]
      : [];
  });
}

function isSameParent(a: GatewayRef, b: GatewayRef): boolean {
  return a.group === b.group && a.kind === b.kind && a.name === b.name && a.namespace === b.namespace;
}

export function mirrorRefProblems({ mirror = [] }: Service): Problem[] {
  return mirror.flatMap(({ backendRef }, index) => {
    const path: Path = [...service, 'mirror', index, 'backendRef'];
    if (backendRef === undefined) {
      return [error(path, { message: 'is missing', fix: 'name the Service that gets the copies' })];
    }
    const { group, kind, port } = backendRef;
    return group === '' && kind === 'Service' && port === undefined
      ? [error([...path, 'port'], { message: 'is missing', fix: 'set the port of the Service' })]
      : [];
  });
}
