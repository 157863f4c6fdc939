// SERIN_TEST_CRDS names a folder with the definitions of the meshes; without it the sandbox takes whatever is written.
// SERIN_TEST_APISERVER names the kubeconfig of a real API server.
import { describe, expect, it } from '@jest/globals';
import { apiVersionOf, type KubeObject, type Resource } from '../../src/model/kube.ts';
import { itWritesRoutes } from './routes.ts';
import {
  casesOn,
  customKindsOf,
  nameOf,
  routerCases,
  withoutExample,
  type RouterCase,
} from './routes/cases.ts';
import {
  alternates,
  definitionsOf,
  servedWith,
  serves,
  servingOnly,
  together,
  undefinedKinds,
} from './routes/definitions.ts';
import { realSite, sandboxSite } from './routes/sites.ts';

const folder = process.env['SERIN_TEST_CRDS'] ?? '';
const kubeconfig = process.env['SERIN_TEST_APISERVER'] ?? '';

interface Stage {
  readonly name: string;
  readonly definitions: readonly KubeObject[];
  readonly cases: readonly RouterCase[];
}

const usual = folder === '' ? [] : definitionsOf(folder, together);
const instead = folder === '' ? [] : alternates.map(({ name, files }) => alternate(name, files));

/** The usual definitions, with those of these files in place of others of the same names. */
function alternate(name: string, files: readonly string[]): Stage {
  const own = definitionsOf(folder, { name, files });
  const names = new Set(own.map(({ metadata }) => metadata.name));
  const definitions = [...usual.filter(({ metadata }) => !names.has(metadata.name)), ...own];
  const cases = casesOn(servedWith(definitions)).filter(({ router }) =>
    customKindsOf(router).some(({ plural, group }) => names.has(`${plural}.${group}`)),
  );
  return { name, definitions, cases };
}

const hasCases = ({ cases }: Stage): boolean => cases.length > 0;

const everyDefinition = [usual, ...instead.map(({ definitions }) => definitions)];
const isDefined = (kind: Resource): boolean => everyDefinition.some((set) => serves(set, kind));
const open = routerCases.flatMap(({ router }) => customKindsOf(router)).filter((kind) => !isDefined(kind));
const isOpen = ({ router }: RouterCase): boolean => customKindsOf(router).some((kind) => open.includes(kind));

const usualCases = casesOn(servedWith(usual));

/** The router that a cluster gets which serves one version of its kind and no other. */
const oneVersion: readonly Stage[] = usualCases.flatMap((found) => {
  const { route } = found.router;
  const definitions = route === undefined ? usual : servingOnly(usual, route.resource);
  return found.label.includes('serves only') ? [{ name: found.label, definitions, cases: [found] }] : [];
});

itWritesRoutes({
  name: `routes in the sandbox${folder === '' ? ', without definitions (SERIN_TEST_CRDS is not set)' : ''}`,
  cases: folder === '' ? routerCases : [...usualCases, ...routerCases.filter(isOpen)],
  makeSite: () => sandboxSite(usual, open),
});
for (const { name, definitions, cases } of [...instead, ...oneVersion].filter(hasCases)) {
  itWritesRoutes({
    name: `routes in the sandbox, with ${name}`,
    cases,
    inBrief: usualCases,
    makeSite: () => sandboxSite(definitions),
  });
}

describe('every router that writes a route', () => {
  it('has an example in router-examples.ts that leads to it', () => {
    expect(withoutExample).toEqual([]);
  });
});

describe('the definitions that routes are tried against', () => {
  it.each(routerCases)('are there for $label, or it is said why not', ({ router }) => {
    const missing = folder === '' ? [] : customKindsOf(router).filter((kind) => !isDefined(kind));
    expect(missing.filter((kind) => undefinedKinds[apiVersionOf(kind)] === undefined)).toEqual([]);
  });
});

if (kubeconfig === '' || folder === '') {
  describe.skip('routes on a real API server (SERIN_TEST_APISERVER and SERIN_TEST_CRDS are not both set)', () => {
    it('are written', () => {});
  });
} else {
  itWritesRoutes({
    name: 'routes on a real API server',
    cases: usualCases,
    makeSite: () => realSite(kubeconfig, usual),
  });
  for (const { name, definitions, cases } of instead.filter(hasCases)) {
    itWritesRoutes({
      name: `routes on a real API server, with ${name}`,
      cases,
      inBrief: usualCases,
      makeSite: () => realSite(kubeconfig, definitions),
    });
  }
  for (const { label, router } of routerCases.filter(isOpen)) {
    const kinds = customKindsOf(router);
    const why = kinds.map((kind) => `${nameOf(kind)}: ${undefinedKinds[apiVersionOf(kind)]}`);
    describe.skip(`${label} on a real API server (${why.join('; ')})`, () => {
      it('is written', () => {});
    });
  }
}
