// Which pod a rule's next request goes to, and which get a copy of it: by turns, so that small samples fit the weights.
import { keyOf } from '../model/kube.ts';
import type { ObjectKey } from '../model/kube.ts';
import type { Destination, Pod } from './forwarder.ts';
import type { Endpoint } from './pod.ts';
import { SmoothSplit } from './route-table.ts';
import type { Backend, Rule } from './route-table.ts';

export class Choices {
  private readonly endpoints: (service: ObjectKey) => readonly Endpoint[];
  private readonly splits = new Map<string, SmoothSplit>();
  private readonly turns = new Map<string, number>();
  private readonly credits = new Map<string, number>();

  constructor(endpoints: (service: ObjectKey) => readonly Endpoint[]) {
    this.endpoints = endpoints;
  }

  destinationOf(rule: Rule): Destination {
    const split = this.splits.get(rule.id) ?? new SmoothSplit();
    this.splits.set(rule.id, split);
    const backend = split.choose(rule.backends);
    if (backend === undefined) {
      return { kind: 'refusal', status: 500 };
    }
    const pod = this.podOf(backend);
    return pod === undefined
      ? { kind: 'refusal', status: 503, backend }
      : {
          kind: 'pod',
          ...pod,
          copies: this.copiesOf(rule),
          answers: [...(backend.answers ?? []), ...(rule.answers ?? [])],
        };
  }

  private podOf(backend: Backend): Pod | undefined {
    const service = { namespace: backend.namespace, name: backend.service };
    const ready = this.endpoints(service);
    const turn = this.turns.get(keyOf(service)) ?? 0;
    this.turns.set(keyOf(service), turn + 1);
    const endpoint = ready[turn % Math.max(1, ready.length)];
    return endpoint === undefined ? undefined : { backend, endpoint };
  }

  private copiesOf({ id, copies = [] }: Rule): readonly Pod[] {
    return copies.flatMap(({ to, percent }, index) => {
      const key = `${id} ${index}`;
      const credit = (this.credits.get(key) ?? 0) + percent;
      this.credits.set(key, credit % 100);
      return credit >= 100 ? (this.podOf(to) ?? []) : [];
    });
  }
}
