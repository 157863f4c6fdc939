// What a workload's controller and a node do together for one workload: carries out the roll-out's plan with running pods,
// and writes the status. The arithmetic is rollout.ts' and daemon-rollout.ts'; the pods' lives are pod.ts'. May import the port and model/.
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { isApiError } from '../cluster/cluster.ts';
import { apiVersionOf } from '../model/kube.ts';
import type { KubeObject, Resource } from '../model/kube.ts';
import { RunningPod } from './pod.ts';
import type { PodContext, PodTemplate } from './pod.ts';
import type { Generation } from './rollout-spec.ts';
import type { GenerationPlan, RolloutPlan } from './rollout.ts';

const Template = z.looseObject({
  metadata: z.looseObject({ labels: z.record(z.string(), z.string()).default({}) }).prefault({}),
  spec: z.looseObject({}),
});

const WorkloadTemplate = z.looseObject({ spec: z.looseObject({ template: Template }) });

/** A kind of workload that is run. */
export interface RunKind {
  readonly resource: Resource;
  readonly plan: (
    object: KubeObject,
    generations: readonly Generation[],
    nowMs: number,
  ) => RolloutPlan<unknown>;
}

interface RunningGeneration {
  readonly templateHash: string;
  readonly template: PodTemplate;
  readonly revision: number;
  readonly replicas: number;
  readonly pods: readonly RunningPod[];
}

const retryMs = 200;

export class WorkloadRunner {
  private readonly context: PodContext;
  private readonly newName: (prefix: string) => string;
  private readonly kind: RunKind;
  private object: KubeObject;
  private generations: readonly RunningGeneration[] = [];
  private status: unknown;
  private statusWritten = false;
  private writing = false;
  private ended = false;
  private wake: NodeJS.Timeout | undefined;

  /** `newName` makes a name out of a prefix that no other pod has. */
  constructor(context: PodContext, newName: (prefix: string) => string, kind: RunKind, object: KubeObject) {
    this.context = context;
    this.newName = newName;
    this.kind = kind;
    this.object = object;
    this.status = object['status'];
    this.sync();
  }

  update(object: KubeObject): void {
    this.object = object;
    this.statusWritten &&= isDeepStrictEqual(object['status'], this.status);
    this.sync();
  }

  pods(): readonly RunningPod[] {
    return this.generations.flatMap(({ pods }) => pods);
  }

  /** Resolves when all pods are gone; `now` cuts their requests short. */
  async end(now = false): Promise<void> {
    this.ended = true;
    clearTimeout(this.wake);
    await Promise.all(this.pods().map((pod) => pod.end(now)));
  }

  private sync(): void {
    if (this.ended) {
      return;
    }
    const nowMs = Date.now();
    const plan = this.kind.plan(
      { ...this.object, status: this.status },
      this.generations.map((generation) => ({
        ...generation,
        pods: generation.pods.flatMap((pod) => pod.seen() ?? []),
      })),
      nowMs,
    );
    const before = this.generations;
    this.generations = plan.generations.map((generation) => this.carryOut(generation, before));
    if (!isDeepStrictEqual(plan.status, this.status)) {
      this.status = plan.status;
      this.statusWritten = false;
    }
    this.writeStatus();
    const changed = plan.generations.some(({ create, remove }) => create > 0 || remove.length > 0);
    this.wakeIn(changed ? 0 : plan.wakeAtMs === undefined ? undefined : plan.wakeAtMs - nowMs);
  }

  private carryOut(plan: GenerationPlan, before: readonly RunningGeneration[]): RunningGeneration {
    const { templateHash, revision, replicas, create, remove } = plan;
    const known = before.find((generation) => generation.templateHash === templateHash);
    const template = known?.template ?? WorkloadTemplate.parse(this.object).spec.template;
    const kept = (known?.pods ?? []).filter((pod) => pod.seen() !== undefined);
    for (const pod of kept.filter(({ name }) => remove.includes(name))) {
      pod.terminate();
    }
    const created = Array.from({ length: create }, () => this.createPod(templateHash, template));
    return { templateHash, template, revision, replicas, pods: [...kept, ...created] };
  }

  private createPod(templateHash: string, template: PodTemplate): RunningPod {
    const { name, namespace = 'default', uid = '' } = this.object.metadata;
    const owner = {
      apiVersion: apiVersionOf(this.kind.resource),
      kind: this.kind.resource.kind,
      name,
      uid,
      controller: true,
      blockOwnerDeletion: true,
    };
    const identity = { namespace, name: this.newName(`${name}-${templateHash}-`), templateHash, owner };
    return new RunningPod(this.context, identity, template, () => this.wakeIn(0));
  }

  private writeStatus(): void {
    if (this.writing || this.statusWritten) {
      return;
    }
    const { namespace = 'default', name } = this.object.metadata;
    const written = this.status;
    this.writing = true;
    void this.context.cluster
      .patch(
        this.kind.resource,
        { namespace, name },
        { kind: 'json', operations: [{ op: 'add', path: '/status', value: written }] },
        { subresource: 'status' },
      )
      .then(
        () => this.onWritten(this.status === written ? undefined : 0),
        // Where the workload is gone, its end is on its way to us.
        (error: unknown) => this.onWritten(isApiError(error, 404) ? undefined : retryMs),
      );
  }

  private onWritten(againInMs: number | undefined): void {
    this.writing = false;
    this.statusWritten = againInMs === undefined;
    if (againInMs !== undefined) {
      this.wakeIn(againInMs);
    }
  }

  private wakeIn(delayMs: number | undefined): void {
    clearTimeout(this.wake);
    if (delayMs !== undefined && !this.ended) {
      this.wake = setTimeout(() => this.sync(), Math.min(delayMs, 2_000_000_000));
    }
  }
}
