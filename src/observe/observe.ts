// Fills one Observation: everything one decision may look at, read at one moment, from the watch caches. The clock and
// chance are read by the caller, once. It knows neither the rules nor how anything is written.
import { isKnative, readyThresholds } from '../api/defaults.ts';
import type { Plan } from '../api/status.ts';
import { configsDigest, countsAs } from '../model/fence.ts';
import { sameJson } from '../model/hash.ts';
import { countsWhereSplit } from '../measure/query-sets.ts';
import { planOf } from '../model/plan.ts';
import type {
  Observation,
  SeenObject,
  SeenPrimary,
  SeenServices,
  SeenTarget,
  SeenWarm,
} from '../model/observation.ts';
import type { PresenceOf, Resource } from '../model/kube.ts';
import type { Answers } from '../model/question.ts';
import { serviceShape } from '../workload/services.ts';
import type { WorkloadView } from '../workload/kind.ts';
import type { RevisionView } from '../workload/stored-revision.ts';
import { revisionFrom } from '../workload/template-hash.ts';
import { seenAutoscaler } from './autoscalers.ts';
import type { Caches } from './caches.ts';
import { FINALIZER } from './canary-view.ts';
import type { CanaryView } from './canary-view.ts';
import { commandsFor, seenCommands } from './command-view.ts';
import type { ConfigReading } from './configs.ts';
import { problemsOf } from './problems.ts';
import { isForeign } from './claims.ts';
import { gatewaysCopy } from './gateways.ts';
import type { GatewaySettings } from './gateways.ts';
import type { Scene } from './scene.ts';
import { noRoute, seenRoutes } from './seen-routes.ts';

export interface ObserveSettings {
  readonly meshProvider: string;
  readonly minimumIntervalMs: number;
  readonly noCrossNamespaceRefs: boolean;
  /** Namespaces that are watched; empty or left out: all. */
  readonly namespaces?: readonly string[];
  readonly trustGateways?: boolean;
}

/** What is read anew for each observation, beside the caches. */
export interface Moment {
  readonly nowMs: number;
  readonly chance: string;
  readonly answers: Answers;
  readonly refusal: string | undefined;
  readonly delivered: readonly number[];
  /** UIDs of the commands whose author an admission policy has stamped; absent: none. */
  readonly stamped?: ReadonlySet<string>;
  /** undefined: configuration is not tracked. */
  readonly configs: ConfigReading | undefined;
  /** What a primary that somebody else made has for configuration, by the names of the target's. Absent: as the target. */
  readonly inheritedConfigs?: Readonly<Record<string, string>>;
  readonly presenceOf?: PresenceOf;
  /** Kinds that this Canary needs, for its route or its autoscaler, and that the cluster does not serve. */
  readonly missingKinds: readonly Resource[];
}

export function observe(
  view: CanaryView,
  scene: Scene | undefined,
  caches: Caches,
  { settings, moment }: { readonly settings: ObserveSettings; readonly moment: Moment },
): Observation {
  const plan =
    scene === undefined ? undefined : planFor(scene, caches, { ...settings, presenceOf: moment.presenceOf });
  const stored = storedFor(view, scene, caches);
  const { stamped = new Set() } = moment;
  const commands = seenCommands(commandsFor(caches, view), { createdAt: view.createdAt, stamped });
  const target = scene === undefined ? undefined : seenTarget(scene, moment, stored);
  return {
    nowMs: moment.nowMs,
    chance: moment.chance,
    name: view.name,
    namespace: view.namespace,
    uid: view.uid,
    generation: view.generation,
    deleting: view.deleting,
    hasFinalizer: view.finalizers.includes(FINALIZER),
    spec: scene?.spec,
    plan,
    problems: problemsOf(view, scene, caches, { settings, moment }),
    status: view.status,
    ...(view.foreignWriter === undefined ? {} : { foreignWriter: view.foreignWriter }),
    target,
    primary: scene === undefined ? undefined : seenPrimary(scene, target, { moment, stored }),
    ...(scene === undefined ? {} : seenAutoscalers(scene)),
    ...(scene?.warm === undefined ? {} : { warm: seenWarm(view, scene.warm) }),
    services: scene === undefined ? noServices : seenServices(scene),
    route: scene === undefined ? noRoute : seenRoutes(scene),
    configs: moment.configs?.checksums,
    stored: stored.flatMap(({ revision }) => (revision === undefined ? [] : [revision])),
    refusal: moment.refusal,
    answers: moment.answers,
    delivered: moment.delivered,
    ...(commands.length === 0 ? {} : { commands }),
  };
}

/** What is bound to a target that was deleted and made anew can never be had again. */
function storedFor(view: CanaryView, scene: Scene | undefined, caches: Caches): readonly RevisionView[] {
  const target = scene?.target?.uid;
  return caches.revisions
    .byIndex('owner', view.uid)
    .map(({ value }) => value)
    .filter(({ boundTo = target }) => boundTo === target);
}

function planFor(
  scene: Scene,
  caches: Caches,
  settings: ObserveSettings & Pick<GatewaySettings, 'presenceOf'>,
): Plan {
  const { spec, provider, routes } = scene;
  return planOf(spec, {
    provider,
    minimumIntervalMs: settings.minimumIntervalMs,
    canMirror:
      routes.every(({ router }) => router?.capabilities.mirror !== undefined) &&
      gatewaysCopy(scene, caches, settings),
    countsWhereSplit: countsWhereSplit(provider),
    keepsClients: routes.some(
      ({ router, source, view }) =>
        view?.keepsClients === true ||
        (source !== undefined && router?.source?.keepsClients?.(source) === true),
    ),
  });
}

function seenTarget(
  { view, kind, target, spec }: Scene,
  moment: Moment,
  stored: readonly RevisionView[],
): SeenTarget | undefined {
  if (kind === undefined || target === undefined) {
    return undefined;
  }
  // Knative names its newest revision in status, which no generation fences.
  const generation = isKnative(spec) ? 0 : target.generation;
  const { uid } = target;
  const checksums = moment.configs?.checksums;
  const hash = revisionFrom(target.templateHash, checksums);
  const configs = configsDigest(checksums);
  const now = { uid, generation, hash, ...(configs === undefined ? {} : { configs }) };
  const renamed = stored.flatMap(({ hash: read, revision }) =>
    read === undefined || revision === undefined || read === revision ? [] : [[read, revision] as const],
  );
  const { target: before, absorbed } = view.status;
  const revision = countsAs(now, {
    target: before,
    absorbed: { ...Object.fromEntries(renamed), ...absorbed },
  });
  return {
    uid,
    generation,
    revision,
    ...(revision === hash ? {} : { hash }),
    replicas: target.replicas,
    available: target.availableReplicas,
    readiness: kind.readiness(target, readyThresholds(spec.analysis).canaryPercent),
    ...(target.changedAt === undefined ? {} : { changedAt: target.changedAt }),
    ...(kind.scaled === undefined ? { fixedSize: true } : {}),
  };
}

function seenWarm({ uid }: CanaryView, warm: WorkloadView): SeenWarm {
  return {
    revision: warm.revision,
    drifted: warm.drifted,
    foreign: !warm.ownerUids.includes(uid),
    replicas: warm.replicas,
    available: warm.availableReplicas,
  };
}

function seenPrimary(
  { view, kind, primary, target, spec }: Scene,
  seen: SeenTarget | undefined,
  { moment, stored }: { readonly moment: Moment; readonly stored: readonly RevisionView[] },
): SeenPrimary | undefined {
  if (kind === undefined || primary === undefined) {
    return undefined;
  }
  const { sourceHash } = primary;
  const { lastPromotedSpec: promoted } = view.status;
  const { inheritedConfigs } = moment;
  const sameConfigs = inheritedConfigs === undefined || sameJson(inheritedConfigs, moment.configs?.checksums);
  const equal = target?.sourceHash === sourceHash && sameConfigs ? seen?.revision : undefined;
  const noted = primary.drifted ? undefined : primary.revision;
  // The note of a revision that is neither stored nor live for this Canary was written for another one.
  const ours =
    primary.revision !== undefined &&
    [...stored.map(({ revision }) => revision), promoted].includes(primary.revision);
  // An intact note names its content best; then a stored revision of the same content, the target, the content alone.
  const names = [
    noted,
    ...stored.filter((one) => one.sourceHash === sourceHash).map(({ revision }) => revision),
    equal,
    revisionFrom(sourceHash),
  ].filter((name) => name !== undefined);
  return {
    revision: ours ? primary.revision : undefined,
    drifted: ours && primary.drifted,
    // Versions that differ in their configuration alone have the same template: the one that is said to be live is meant.
    asTarget: ours ? undefined : (names.find((name) => name === promoted) ?? names[0]),
    replicas: primary.replicas,
    available: primary.availableReplicas,
    readiness: kind.readiness(primary, readyThresholds(spec.analysis).primaryPercent),
  };
}

function seenAutoscalers(scene: Scene): Pick<Observation, 'autoscaler' | 'retired'> {
  const autoscaler = seenAutoscaler(scene.autoscalers, scene);
  const retired = scene.autoscalers.retired.map(({ kind, name }) => ({ kind, name }));
  return {
    ...(autoscaler === undefined ? {} : { autoscaler }),
    ...(retired.length === 0 ? {} : { retired }),
  };
}

const noServices: SeenServices = { apex: 'missing', primary: 'missing', canary: 'missing' };

function seenServices(scene: Scene): SeenServices {
  switch (scene.kind?.services) {
    case 'cloned':
      return seenClones(scene);
    case 'none':
      return { apex: 'inPlace', primary: 'inPlace', canary: 'inPlace' };
    case 'generated':
    case undefined:
      return seenGenerated(scene);
  }
}

/** The target is the apex, and its primary the primary: what is left is the copy that leads to the canary. */
function seenClones({ view, target, serviceViews }: Scene): SeenServices {
  const { primary, canary } = serviceViews;
  const isTheirs = (live: Scene['serviceViews']['canary']): boolean =>
    live !== undefined && isForeign(live.ownerUids, view.uid);
  const copied = canary?.workload?.sourceHash === target?.sourceHash ? 'inPlace' : 'drifted';
  const state = canary === undefined ? 'missing' : copied;
  return {
    apex: 'inPlace',
    primary: isTheirs(primary) ? 'foreign' : 'inPlace',
    canary: isTheirs(canary) ? 'foreign' : state,
  };
}

function seenGenerated({ view, services, serviceViews }: Scene): SeenServices {
  const seen = (role: keyof SeenServices): SeenObject => {
    const live = serviceViews[role];
    if (live === undefined) {
      return 'missing';
    }
    if (isForeign(live.ownerUids, view.uid)) {
      return 'foreign';
    }
    const wanted = services?.[role];
    return wanted === undefined || serviceShape.fingerprint(wanted) === live.fingerprint
      ? 'inPlace'
      : 'drifted';
  };
  return { apex: seen('apex'), primary: seen('primary'), canary: seen('canary') };
}
