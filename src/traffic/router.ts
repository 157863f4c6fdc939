// A traffic router translates between a wanted split and the objects of one mesh or ingress, and does nothing else: it
// holds no client, no logger, no clock. Imports api/ and model/ only; routers.ts lists all routers.
import type { CanarySpec } from '../api/canary.ts';
import type { Path } from '../api/problem.ts';
import { apiVersionOf } from '../model/kube.ts';
import type { Addition, KubeObject, OwnerReference, Presence, PresenceOf, Resource } from '../model/kube.ts';
import type { OwnedShape } from '../model/owned.ts';
import type { Problem } from '../model/problem.ts';
import type { Split } from '../model/split.ts';
import type { RouterCapabilities } from './capabilities.ts';

/** What a route shall say. */
export interface RouteWish {
  readonly namespace: string;
  /** Base name: `service.name`, else the target's name. The Services are `<apex>-primary` and `<apex>-canary`. */
  readonly apex: string;
  /** What the object is called; like the apex where it is left out. */
  readonly name?: string;
  readonly spec: CanarySpec;
  readonly split: Split;
  /** Percent of the requests, 1 to 100, of which a copy goes to the canary; its answers are dropped. Absent: no copies. */
  readonly mirrorPercent?: number;
  /** Absent: no cookies. Attributes of the cookies are in the spec. */
  readonly affinity?: AffinityWish;
  /** What the pods behind the two Services are told by; absent while that is not known. */
  readonly podLabels?: { readonly primary: LabelMap; readonly canary: LabelMap };
  /** Of the Canary's annotations those that a router has asked for. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** The controlling owner, for objects that Serin creates. */
  readonly owner: OwnerReference;
  /** `service.ingressClass`, or `-ingress-class`; empty where unset. */
  readonly ingressClass: string;
  /** `service.ingressAnnotationsPrefix`, or `-ingress-annotations-prefix`; the usual one where it is left out. */
  readonly annotationsPrefix?: string;
  /** The object of the user's that the route is made from; undefined where there is none, or none is needed. */
  readonly source?: KubeObject | undefined;
}

type LabelMap = Readonly<Record<string, string>>;

/** Cookies as `name=value`; `sticky.ts` says what they mean for a route. */
interface AffinityWish {
  /** Whoever sends it goes to the canary, whose answers set it. Absent while the canary gets nothing. */
  readonly canary?: string;
  /** Whoever sends it goes to the primary, whose answers set it. */
  readonly primary?: string;
  /** Of a run that is over: whoever sends it is told to forget it. */
  readonly previous?: string;
}

/** Whether the controller behind the route has taken over its current generation. `unknown`: it cannot say. */
export interface Acceptance {
  readonly state: 'accepted' | 'pending' | 'rejected' | 'unknown';
  readonly message: string;
}

/** What the cache keeps of a live object that a router writes: a few hundred bytes, never the object. */
export interface ObjectView {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly ownerUids: readonly string[];
  readonly fingerprint: string;
}

export interface RouteView extends ObjectView {
  /**
   * Weights by backend Service name in the rules that carry the split: those that send to primary and canary. Rules for a
   * cookie name one of them alone. undefined where the object holds none.
   */
  readonly weights: Readonly<Record<string, number>> | undefined;
  readonly acceptance: Acceptance;
  /** The Services that its rules name, with or without weight; absent where the shape has no `naming`. */
  readonly backends?: readonly string[];
  /** It names Services without weight that are neither primary nor canary. The fingerprint does not count them. */
  readonly lingers?: boolean;
  /** Those it named before it was taken over; absent where nothing was kept. */
  readonly originalBackends?: readonly string[];
  /** It keeps clients where they are, by cookies of its own: then no share of requests fits a weight. */
  readonly keepsClients?: true;
  /** Of an object that no Canary can own: whose it is, as cluster-scoped.ts says it. */
  readonly belongsTo?: string;
  /** Of an object of the user's that several Canaries may share: what it holds of each, by apex. The rest is of none. */
  readonly shared?: ReadonlyMap<string, SharedReading>;
}

/** What a route that several Canaries may share says of one of them. */
export interface SharedReading extends Pick<
  RouteView,
  'fingerprint' | 'weights' | 'backends' | 'lingers' | 'originalBackends'
> {
  /** Why the weights of this Canary cannot be moved in it. */
  readonly faults: readonly RouteFault[];
}

/** Both read on after the name of the object, as in a `Problem`. */
export interface RouteFault {
  readonly message: string;
  readonly fix: string;
}

/** A route object of one kind. `wish` in, object out; live object in, view out. */
export interface RouteShape extends OwnedShape {
  readonly resource: Resource;
  /** How the object is called; like the apex where it is left out. */
  readonly nameOf?: (spec: CanarySpec) => string;
  /** Its name ends in its namespace: `cart.shop`. */
  readonly qualified?: true;
  /** The complete object for a wish. A/B: the split applies inside the match, everybody else stays on the primary. */
  render(wish: RouteWish): KubeObject;
  view(live: KubeObject): RouteView;
  /**
   * `live` with nothing but the weights of the rules that carry the split changed: how traffic is moved while the spec
   * cannot be used, so that nothing can be rendered.
   * @param apex whose weights, where several Canaries may share the object
   */
  reweigh(live: KubeObject, split: Split, apex?: string): KubeObject;
  /**
   * `live`, naming also the Services that the spec `other` sends to, without weight: before it may send to them. Left out
   * where a gateway never follows a route sooner than it knows the pods of its Services.
   */
  readonly naming?: (live: KubeObject, other: unknown, apex: string) => KubeObject;
  /**
   * The object is the user's whoever owns it: never created, and given back by this and by no backup. What it holds of
   * another apex stays.
   */
  readonly givenBack?: (live: KubeObject, apex: string) => KubeObject;
  /** What is wrong with the live object, which the user has to provide; undefined where there is none. */
  readonly problems?: (spec: CanarySpec, view: RouteView | undefined) => readonly Problem[];
  /** `live` with the apex Service where the primary and the canary were. */
  readonly leadingToApex?: (live: KubeObject, apex: string) => KubeObject;
}

/** Objects of one kind that the split needs beside the route, such as the policies of its two backends. */
export interface CompanionShape extends OwnedShape {
  readonly resource: Resource;
  /** Pods of the primary cannot start without it: it is written before they are made. */
  readonly beforePods?: true;
  /** Made from what this reference names, and the same object whatever the route is called: routes share the reference. */
  readonly madeFrom?: RouteSource['reference'];
  render(wish: RouteWish): readonly KubeObject[];
}

/**
 * An object of the user's that a route, or what stands beside it, is made from, such as the Ingress that a canary Ingress
 * continues. Never written.
 */
export interface RouteSource {
  readonly resource: Resource;
  /** The reference in the spec: `ingressRef`. */
  readonly reference: 'ingressRef' | 'routeRef' | 'upstreamRef';
  /** undefined where the spec names none; `problems` says so. */
  readonly nameOf: (spec: CanarySpec) => string | undefined;
  /** Left out, or undefined: the namespace of the Canary. */
  readonly namespaceOf?: (spec: CanarySpec) => string | undefined;
  /** What is wrong with it for this purpose. */
  readonly problems: (spec: CanarySpec, source: KubeObject) => readonly Problem[];
  /** Whether it keeps clients where they are, by cookies of its own: then no share of requests fits a weight. */
  readonly keepsClients?: (source: KubeObject) => boolean;
}

/** What a route needs that not every gateway of its API has. */
export interface FeatureUse {
  /** As the class of a gateway lists it, such as `HTTPRouteQueryParamMatching`. */
  readonly feature: string;
  /** The field that needs it. */
  readonly field: Path;
  /** Why a Canary is refused where it is missing, as others would see the canary. Left out: it is warned of. */
  readonly refusal?: 'UnsupportedMatch' | 'UnsupportedAffinity';
  /** It is about the copies that a run sends to the canary, which are left out where it is missing. */
  readonly copies?: true;
}

export interface TrafficRouter {
  /** The value of `spec.provider`. */
  readonly provider: string;
  readonly capabilities: RouterCapabilities;
  /** Kind of the user's object in which it moves weights and nothing else; absent where Serin writes the route. */
  readonly borrows?: string;
  /** undefined: no route object; requests follow Services alone. */
  readonly route: RouteShape | undefined;
  /** Written before the route. */
  readonly companions?: readonly CompanionShape[];
  readonly source?: RouteSource;
  /** Annotations of the Canary that its objects are made from. */
  readonly annotations?: readonly string[];
  /** What the table of capabilities cannot tell: values that its API refuses, say. Errors stop the Canary before any write. */
  problems?(spec: CanarySpec): readonly Problem[];
  /** Beyond the core of its kind. Left out: it does not belong to Gateways, of which some have more than others. */
  features?(spec: CanarySpec): readonly FeatureUse[];
  /** The first that applies takes its place. */
  readonly variants?: readonly RouterVariant[];
}

/** Another router under the same name: other objects, or other capabilities, where the spec or the cluster says so. */
export interface RouterVariant {
  /** When, in words for the documentation: `where service.appProtocol is tcp`. */
  readonly where: string;
  applies(spec: CanarySpec, presenceOf: PresenceOf): boolean;
  readonly router: TrafficRouter;
}

/** Of a `qualified` object. */
export function qualifiedName(name: string, namespace: string): string {
  return `${name}.${namespace}`;
}

/** For a cluster that serves nothing but the kinds of another router, such as those of an older release. */
export function whereOnlyServed(preferred: TrafficRouter, router: TrafficRouter): RouterVariant {
  const presence = (presenceOf: PresenceOf, { route }: TrafficRouter): Presence =>
    route === undefined ? 'served' : presenceOf(route.resource);
  const kind =
    router.route === undefined
      ? ''
      : `${router.route.resource.kind} of ${apiVersionOf(router.route.resource)}`;
  return {
    where: `where the cluster serves only ${kind}`,
    applies: (_spec, presenceOf) =>
      presence(presenceOf, preferred) === 'missing' && presence(presenceOf, router) === 'served',
    router,
  };
}

/** For a cluster whose definition of its kind has something more. */
export function whereAdded(addition: Addition, what: string, router: TrafficRouter): RouterVariant {
  const { route } = router;
  return {
    where: `where the definition of ${route?.resource.kind ?? 'its kind'} is ${what}`,
    applies: (_spec, presenceOf) => route !== undefined && presenceOf(route.resource, addition) === 'served',
    router,
  };
}

/** The router that counts for this spec in this cluster. */
export function inForce(router: TrafficRouter, spec: CanarySpec, presenceOf: PresenceOf): TrafficRouter {
  const variant = router.variants?.find((one) => one.applies(spec, presenceOf));
  return variant === undefined ? router : inForce(variant.router, spec, presenceOf);
}

/** The router itself and everything that may take its place. */
export function withVariants(router: TrafficRouter): readonly TrafficRouter[] {
  return [router, ...(router.variants ?? []).flatMap((variant) => withVariants(variant.router))];
}

/** The split a view holds for an apex, or undefined where the two weights are missing or do not add up to more than 0. */
export function splitOf(view: RouteView, apex: string): Split | undefined {
  const primary = view.weights?.[`${apex}-primary`];
  const canary = view.weights?.[`${apex}-canary`];
  if (primary === undefined || canary === undefined || primary + canary <= 0) {
    return undefined;
  }
  const percent = Math.round((canary * 100) / (primary + canary));
  return { primary: 100 - percent, canary: percent };
}

/** A view as one Canary has it. */
export function viewFor(view: RouteView | undefined, apex: string): RouteView | undefined {
  const reading = view?.shared?.get(apex);
  return view === undefined || reading === undefined ? view : { ...view, ...reading };
}

/** What the cache keeps of a companion. */
export function objectView(object: KubeObject, fingerprint: string): ObjectView {
  const { uid = '', resourceVersion = '', ownerReferences = [] } = object.metadata;
  return { uid, resourceVersion, ownerUids: ownerReferences.map((owner) => owner.uid), fingerprint };
}

/** Every kind of object that a router reads or writes, each once. */
export function resourcesOf({ route, companions = [], source }: TrafficRouter): readonly Resource[] {
  const all = [...companions, route, source].flatMap((part) => (part === undefined ? [] : [part.resource]));
  return all.filter(
    ({ group, plural }, index) =>
      all.findIndex((other) => other.group === group && other.plural === plural) === index,
  );
}
