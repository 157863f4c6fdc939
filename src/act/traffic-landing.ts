// Where the answer goes when an object that a router writes has been written.
import type { Resource } from '../model/kube.ts';
import { resourceKey } from '../observe/caches.ts';
import type { Caches } from '../observe/caches.ts';
import type { Landing } from './apply.ts';

export function trafficLanding(caches: Caches, resource: Resource): Landing {
  const found = caches.traffic.get(resourceKey(resource));
  if (found === undefined) {
    throw new Error(`no cache for ${resource.kind}`);
  }
  return found.cache;
}
