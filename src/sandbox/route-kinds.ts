// The definitions of the route kinds that the sandbox's gateway serves. Their schemas are open: the real ones belong to
// Gateway API and Contour, and come with them. Holds no routing.
import { apiVersionOf, resources } from '../model/kube.ts';
import type { KubeObject, Resource } from '../model/kube.ts';
import { httpProxies } from './http-proxy.ts';
import { httpRoutes } from './http-route.ts';

/** To be created before the first route. */
export const routeDefinitions: readonly KubeObject[] = [httpRoutes, httpProxies].map(definitionOf);

function definitionOf(resource: Resource): KubeObject {
  const { group, version, plural, kind } = resource;
  const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  return {
    apiVersion: apiVersionOf(resources.customResourceDefinitions),
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: { type: 'object', properties: { spec: open, status: open } } },
        },
      ],
    },
  };
}
