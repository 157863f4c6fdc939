// Checks of `spec.service`.
import type { Checked } from './check.ts';
import { isKnative, serviceNames } from './defaults.ts';
import { type Path, type Problem, errorAt } from './problem.ts';
import type { Service } from './service.ts';

const at = (...path: Path): Path => ['spec', 'service', ...path];

/** Names of Services and values of labels. */
const MAX_NAME_LENGTH = 63;
const SERVICE_NAME = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;

export function serviceProblems(checked: Checked): Problem[] {
  const { spec } = checked.canary;
  if (isKnative(spec)) {
    return [];
  }
  if (spec.service === undefined) {
    return [
      errorAt(at(), {
        message: 'is missing',
        fix: `add it with the port that ${spec.targetRef.name} is reached at`,
      }),
    ];
  }
  return [
    ...nameProblems(checked),
    ...portProblems(spec.service),
    ...delegationProblems(spec.service, checked.provider),
    ...emptyMatchProblems(spec.service),
  ];
}

function nameProblems({ canary: { spec } }: Checked): Problem[] {
  const { apex, primary } = serviceNames(spec);
  const named = spec.service?.name !== undefined && spec.service.name !== '';
  const path = named ? at('name') : ['spec', 'targetRef', 'name'];
  const found: Problem[] = [];
  if (primary.length > MAX_NAME_LENGTH) {
    found.push(
      errorAt(path, {
        value: apex,
        message: `has ${apex.length} characters, so that a Service called ${primary} cannot be created`,
        fix: `use at most ${MAX_NAME_LENGTH - '-primary'.length}; spec.service.name need not be the name of the target`,
      }),
    );
  }
  if (apex !== '' && !SERVICE_NAME.test(apex)) {
    found.push(
      errorAt(path, {
        value: apex,
        message: `is ${JSON.stringify(apex)}, which cannot be the name of a Service`,
        fix: 'set spec.service.name to lower-case letters, digits and dashes, with a letter first',
      }),
    );
  }
  if (spec.targetRef.kind === 'Service' && named && spec.service?.name !== spec.targetRef.name) {
    found.push(
      errorAt(path, {
        value: spec.service?.name,
        message: 'differs from the target, which is itself the apex Service',
        fix: 'remove it',
      }),
    );
  }
  return found;
}

const isPort = (value: number): boolean => Number.isInteger(value) && value >= 1 && value <= 65_535;

function portProblems({ port, targetPort }: Service): Problem[] {
  const wrong = { fix: 'use a whole number from 1 to 65535' };
  const found: Problem[] = [];
  if (!isPort(port)) {
    found.push(errorAt(at('port'), { ...wrong, value: port, message: `is ${port}, which is no port` }));
  }
  if (typeof targetPort === 'number' && targetPort !== 0 && !isPort(targetPort)) {
    found.push(
      errorAt(at('targetPort'), {
        ...wrong,
        value: targetPort,
        message: `is ${targetPort}, which is no port`,
      }),
    );
  }
  return found;
}

function delegationProblems(service: Service, provider: string | undefined): Problem[] {
  if (provider !== 'istio' || service.delegation !== true) {
    return [];
  }
  return (['hosts', 'gateways'] as const)
    .filter((field) => (service[field] ?? []).length > 0)
    .map((field) =>
      errorAt(at(field), {
        value: service[field],
        message: 'cannot be set together with delegation',
        fix: `remove it; the VirtualService that delegates has the ${field}`,
      }),
    );
}

/** Harmless, since an empty entry takes every request, which is what no entry does; but hardly meant. */
function emptyMatchProblems({ match = [] }: Service): Problem[] {
  return match.flatMap((entry, index) => {
    if (Object.keys(entry).length > 0) {
      return [];
    }
    const wrong = {
      value: entry,
      message: 'is empty and takes every request',
      fix: 'say what to match, or remove it',
    };
    return { ...errorAt(at('match', index), wrong), severity: 'warning' as const };
  });
}
