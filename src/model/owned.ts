// An object that Serin writes, whatever its kind: Services, routes, primaries, autoscalers. Each adapter says how such an
// object looks (render), how it is laid over what lives (merge) and what of it must agree (fingerprint); creating,
// patching, guarding, backing up and restoring are written once, in act/.
import type { KubeObject } from './kube.ts';

export interface OwnedShape {
  /** `live` with exactly our fields replaced by those of `wanted`: foreign fields, labels and annotations survive. */
  merge(live: KubeObject, wanted: KubeObject): KubeObject;
  /**
   * Digest of the fields we would write, with API defaults filled in, order normalised, weights and foreign fields left
   * out. `fingerprint(live) === fingerprint(wanted)` says that nothing but weights may differ.
   */
  fingerprint(object: KubeObject): string;
}
