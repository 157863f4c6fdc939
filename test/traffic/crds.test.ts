// Every route we render, against the definitions that their projects publish. SERIN_TEST_CRDS names a folder that has
// them (gateway-api-standard.yaml, contour.yaml); without it the suite is skipped.
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { objectOf } from '../../src/model/json.ts';
import type { KubeObject, Resource } from '../../src/model/kube.ts';
import { splitToward } from '../../src/model/split.ts';
import { routerProblems } from '../../src/traffic/capabilities.ts';
import { withVariants, type TrafficRouter } from '../../src/traffic/router.ts';
import { admit } from '../../src/sandbox/crd-schema.ts';
import { routers } from '../../src/traffic/routers.ts';
import { storefront } from './apisix/storefront.ts';
import { matchArbitrary, moments, serviceArbitrary } from './arbitrary-spec.ts';
import { filesOf, hasDefinition, schemaOf } from './definitions.ts';
import { settings } from './gloo/settings.ts';
import { routeOf, specOf, wishOf } from './wish.ts';

const folder = process.env['SERIN_TEST_CRDS'] ?? '';
const title = `routes against the definitions of their projects${folder === '' ? ' (skipped: SERIN_TEST_CRDS is not set)' : ''}`;
const describeWithCrds = folder === '' ? describe.skip : describe;

const podLabels = { primary: { app: 'cart-primary' }, canary: { app: 'cart' } };

/** What routes, or the objects beside them, are made from. */
const sources: Readonly<Record<string, KubeObject>> = { ApisixRoute: storefront, Upstream: settings };

/** Retries of the Gateway API are written where the definition has them. */
function filesFor(router: TrafficRouter, resource: Resource): readonly string[] {
  return router.features !== undefined && router.capabilities.serviceFields.includes('retries')
    ? ['gateway-api-experimental.yaml']
    : filesOf(resource);
}

describeWithCrds(title, () => {
  const withRoute = routers.flatMap((router) =>
    withVariants(router).flatMap((variant) => {
      const { provider, route, borrows } = variant;
      // What is rendered of a route of the user's is no object: borrowed-crds.test.ts has whole ones.
      return route === undefined || borrows !== undefined || !hasDefinition(route.resource)
        ? []
        : filesFor(variant, route.resource).map((file) => ({
            provider,
            version: route.resource.version,
            file,
            router: variant,
          }));
    }),
  );

  it.each(withRoute)(
    '$provider is stored in $version ($file) as it was sent, with defaults that change nothing',
    ({ provider, file, router }) => {
      const shape = routeOf(router);
      const schema = schemaOf(folder, shape.resource, file);
      const source = router.source === undefined ? undefined : sources[router.source.resource.kind];
      fc.assert(
        fc.property(
          serviceArbitrary,
          fc.option(matchArbitrary, { nil: undefined }),
          fc.nat(100),
          moments,
          (service, match, canary, moment) => {
            const spec = specOf({
              provider,
              service: { gatewayRefs: [{ name: 'public', namespace: 'edge' }], ...service },
              analysis: { ...moment.analysis, ...(match === undefined ? {} : { match }) },
            });
            fc.pre(routerProblems(router, spec).every(({ severity }) => severity === 'warning'));
            const sent: KubeObject = shape.render(
              wishOf(spec, { ...moment.parts, split: splitToward(canary), ingressClass: 'contour', source }),
            );
            const { object, removed, problems } = admit(schema, sent);
            expect({ removed, problems }).toEqual({ removed: [], problems: [] });
            const live: KubeObject = { ...sent, spec: objectOf(object)['spec'] };
            expect(shape.fingerprint(live)).toBe(shape.fingerprint(sent));
            expect(shape.merge(live, sent)).toEqual(live);
            expect(shape.view(live).weights).toEqual(shape.view(sent).weights);
            for (const companion of router.companions ?? []) {
              for (const beside of companion.render(wishOf(spec, { source, podLabels }))) {
                const kept = admit(schemaOf(folder, companion.resource), beside);
                expect({ removed: kept.removed, problems: kept.problems }).toEqual({
                  removed: [],
                  problems: [],
                });
                const stored: KubeObject = { ...beside, spec: objectOf(kept.object)['spec'] };
                expect(companion.fingerprint(stored)).toBe(companion.fingerprint(beside));
                expect(companion.merge(stored, beside)).toEqual(stored);
              }
            }
          },
        ),
        { numRuns: 100 },
      );
    },
  );
});
