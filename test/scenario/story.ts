// Tells a story: the real pass on the simulated world, where nothing happens by chance. A script is one step a line:
//
//   target DaemonSet                      what the application runs as, where it is no Deployment; the first step
//   provider contour                      who routes, where it is not the Gateway API; the first step
//   analysis stepWeight=20 maxWeight=40    fields of spec.analysis, as JSON; before the first step of another kind
//   hooks confirm-rollout rollback         webhooks of these types, each named as its type
//   push good-2                            the tag is the quality: good, bad (fails its checks), broken (never ready)
//   metrics pass | fail | vanish
//   gateway deaf | hears                   deaf: it accepts every route, and sends everything to the primary
//   canary called | left                  called: somebody reaches it through the gateway, whatever its route says
//   hook confirm-rollout yes | no          what it answers from now on
//   advance 30s                            let this much time pass
//   until Succeeded                        let time pass until the Canary is in this phase
//   crash                                  the controller dies, and starts again from nothing
//   suspend | resume
//   command pause because of this          a CanaryCommand with this verb and reason; for approve a gate may come first
//   pods lost | back                       of the canary
//   primary down | up                      its pods die and stay dead | live again
//   autoscaler ScaledObject 2-4            of this kind, with these bounds; before the first step of another kind
//   resize 2-6                             somebody edits the bounds of the target's autoscaler
import {
  autoscalerOf,
  boundsSpecOf,
  findAutoscaler,
  refTo,
  resourceOf,
  summaryOf,
} from '../simulate/autoscalers.ts';
import type { Kind } from '../simulate/autoscalers.ts';
import { copiesIn, cookiesSetBy } from '../simulate/beside.ts';
import { APP, NAMESPACE, PRIMARY, WARM, simulatedTargets } from '../simulate/targets.ts';
import { setSpec, configOf, push } from '../simulate/users.ts';
import { Process } from '../simulate/process.ts';
import { Gate } from '../../src/api/canary-command.ts';
import type { WriteOptions } from '../../src/cluster/cluster.ts';
import { command } from '../simulate/commands.ts';
import type { Chance } from '../simulate/chance.ts';
import { World, qualityOf } from '../simulate/world.ts';
import { objectOf, textOf } from '../../src/model/json.ts';
import { unavailable } from '../../src/model/measurement.ts';
import type { Answer, Question } from '../../src/model/question.ts';
import { apiVersionOf, resources } from '../../src/model/kube.ts';
import type { KubeObject, Resource } from '../../src/model/kube.ts';
import { routerFor } from '../../src/traffic/routers.ts';
import { StoreCluster } from '../../src/sandbox/store-cluster.ts';

const PROVIDER = 'gatewayapi:v1';
const AUTHOR = 'ann';
const STEP_MS = 1_000;
const LONGEST_WAIT_MS = 1_800_000;
const MOST_PASSES = 20;

/** Nothing happens by chance; only names of runs are told from each other. */
function noChance(): Chance {
  let count = 0;
  return {
    next: () => 0,
    between: () => (count += 1),
    happens: () => false,
    pick: ([first]) => first,
  };
}

/** The transcript of a script: each step after `>`, then what was to be seen until the next one. */
export async function tell(script: readonly string[]): Promise<readonly string[]> {
  const story = new Story();
  for (const step of script) {
    await story.take(step);
  }
  return story.transcript;
}

/** Everybody here is called Ann, and the cluster sees to it that commands say so. */
class StampingCluster extends StoreCluster {
  override create(resource: Resource, object: KubeObject, options: WriteOptions = {}): Promise<KubeObject> {
    const stamped =
      resource === resources.canaryCommands
        ? { ...object, spec: { ...objectOf(object['spec']), author: AUTHOR } }
        : object;
    return super.create(resource, stamped, options);
  }
}

class Story {
  readonly transcript: string[] = [];
  #world = new World(noChance(), PROVIDER);
  #cluster = new StampingCluster(this.#world.store);
  readonly #startMs = this.#world.nowMs;
  readonly #analysis: Record<string, unknown> = {};
  readonly #no = new Set(['rollback']);
  #hooks: readonly string[] = [];
  #metrics = 'pass';
  #process: Process | undefined;
  #shown = '';
  readonly #values = new Set<string>();

  async take(step: string): Promise<void> {
    this.transcript.push(`> ${step}`);
    const [word = '', ...rest] = step.split(' ');
    const action = this.#steps[word];
    if (action === undefined) {
      throw new Error(`there is no step "${word}"`);
    }
    await action(...rest);
  }

  readonly #steps: Record<string, (...words: readonly string[]) => Promise<void> | void> = {
    target: (named = '') => {
      const target = simulatedTargets.find(({ name }) => name === named);
      this.#world = new World(noChance(), target?.provider ?? PROVIDER, target);
      this.#cluster = new StampingCluster(this.#world.store);
    },
    provider: (named = '') => {
      this.#world = new World(noChance(), named);
      this.#cluster = new StampingCluster(this.#world.store);
    },
    gateway: (how = '') => {
      this.#begun().troubles.deaf = how === 'deaf';
    },
    canary: (how = '') => {
      this.#begun().troubles.straying = how === 'called';
    },
    analysis: (...fields) => {
      for (const field of fields) {
        const [name = '', value = ''] = field.split(/=(.*)/);
        this.#analysis[name] = JSON.parse(value);
      }
    },
    hooks: (...types) => {
      this.#hooks = types;
    },
    push: (tag = '') => {
      push(this.#begun(), `app:${tag}`);
    },
    metrics: (how = '') => {
      this.#metrics = how;
    },
    hook: (type = '', says = '') => {
      this.#no[says === 'yes' ? 'delete' : 'add'](type);
    },
    advance: (time = '') => this.#advance(Number.parseFloat(time) * 1000),
    until: (phase = '') => this.#until(phase),
    crash: () => {
      this.#process?.end();
      this.#process = this.#live();
    },
    command: (verb = '', ...words) => {
      const [first, ...others] = words;
      const gate = Gate.safeParse(first).data;
      const reason = (gate === undefined ? words : others).join(' ');
      command(this.#begun(), {
        verb,
        author: AUTHOR,
        ...(gate === undefined ? {} : { gate }),
        ...(reason === '' ? {} : { reason }),
      });
    },
    suspend: () => {
      setSpec(this.#begun(), { suspend: true });
    },
    resume: () => {
      setSpec(this.#begun(), { suspend: false });
    },
    pods: (how = '') => {
      // While the world is not calm, and nothing happens by chance, no pod starts.
      this.#begun().calm = how === 'back';
      if (how === 'lost') {
        this.#world.kill(APP);
      }
    },
    primary: (how = '') => {
      this.#begun().primaryDown = how === 'down';
    },
    autoscaler: (kind = '', bounds = '') => {
      const [min = 1, max = 1] = bounds.split('-').map(Number);
      this.#kind = kind === 'ScaledObject' ? kind : 'HorizontalPodAutoscaler';
      this.#autoscaler = autoscalerOf(this.#kind, min, max);
    },
    resize: (bounds = '') => {
      const [min = 1, max = 1] = bounds.split('-').map(Number);
      const { store } = this.#begun();
      const { kind = '', metadata = { name: APP } } = findAutoscaler(this.#world, APP) ?? {};
      const body = { spec: boundsSpecOf(kind, min, max) };
      store.patch(resourceOf(kind), metadata, { kind: 'merge', body });
    },
  };

  #autoscaler: KubeObject | undefined;
  #kind: Kind = 'HorizontalPodAutoscaler';

  /** The cluster as the story finds it, from its first step that needs one. */
  #begun(): World {
    if (this.#process === undefined) {
      this.#world.calm = true;
      this.#world.store.create(resources.configMaps, configOf('level-1'));
      const { target } = this.#world;
      this.#world.store.create(target.resource, target.manifest('app:good-1', 2));
      if (this.#autoscaler !== undefined) {
        this.#world.store.create(resourceOf(this.#autoscaler.kind), this.#autoscaler);
      }
      this.#world.store.create(resources.canaries, this.#canary());
      this.#process = this.#live();
    }
    return this.#world;
  }

  #canary(): KubeObject {
    const { resource } = this.#world.target;
    const gatewayRefs = [{ name: 'public', namespace: 'edge' }];
    const service = {
      port: 80,
      targetPort: 8080,
      ...(this.#world.provider === PROVIDER ? { gatewayRefs } : {}),
    };
    return {
      apiVersion: 'flagger.app/v1beta1',
      kind: 'Canary',
      metadata: { name: APP, namespace: NAMESPACE },
      spec: {
        provider: this.#world.provider,
        targetRef: { apiVersion: apiVersionOf(resource), kind: resource.kind, name: APP },
        progressDeadlineSeconds: 60,
        ...(this.#autoscaler === undefined ? {} : { autoscalerRef: refTo(this.#kind) }),
        ...(this.#world.target.provider === undefined ? { service } : {}),
        analysis: {
          interval: '10s',
          threshold: 2,
          metrics: [{ name: 'request-success-rate', thresholdRange: { min: 99 }, interval: '1m' }],
          webhooks: this.#hooks.map((type) => ({
            name: type,
            type,
            url: `http://hooks.example.com/${type}`,
          })),
          ...this.#analysis,
        },
      },
    };
  }

  #live(): Process {
    return new Process(this.#world, this.#cluster, {
      decided: () => undefined,
      intended: (_view, _seen, { notices, status }) => {
        for (const { type, reason, message } of notices) {
          this.#line(
            String(status.phase),
            status.canaryWeight ?? 0,
            `${type === 'Warning' ? '! ' : ''}${reason}: ${message}`,
          );
        }
        this.#show();
      },
    });
  }

  async #advance(byMs: number): Promise<void> {
    for (let passedMs = 0; passedMs < byMs; passedMs += STEP_MS) {
      await this.#tick();
    }
  }

  async #until(phase: string): Promise<void> {
    const endMs = this.#world.nowMs + LONGEST_WAIT_MS;
    do {
      await this.#tick();
      if (this.#world.nowMs > endMs) {
        throw new Error(`it never gets to ${phase}:\n${this.transcript.join('\n')}`);
      }
    } while (objectOf(this.#world.canary()?.['status'])['phase'] !== phase);
  }

  async #tick(): Promise<void> {
    this.#begun().advance(STEP_MS);
    for (let pass = 0; pass < MOST_PASSES; pass += 1) {
      this.#process?.hear(true);
      this.#process?.answerSome((question) => this.#answer(question), true);
      this.#process?.deliverSome(() => undefined, true);
      if ((this.#process?.dueMs ?? Number.POSITIVE_INFINITY) > this.#world.nowMs) {
        break;
      }
      await this.#process?.work();
    }
    this.#show();
  }

  #answer(question: Question): Answer {
    if (question.kind === 'hook') {
      return this.#no.has(question.type)
        ? { kind: 'hook', outcome: 'denied', reason: 'HookDenied', message: 'no' }
        : { kind: 'hook', outcome: 'passed', reason: 'HookPassed', message: '' };
    }
    if (this.#metrics === 'vanish') {
      return { kind: 'metric', measurement: unavailable('ConnectionFailed', 'connection refused') };
    }
    if (question.kind === 'requests') {
      const value = this.#world.requestsTo(question.subject);
      return value === undefined
        ? { kind: 'metric', measurement: unavailable('ConnectionFailed', 'no route') }
        : { kind: 'metric', measurement: { kind: 'value', value } };
    }
    const bad = this.#metrics === 'fail' || qualityOf(this.#world.imageOf(APP)) === 'bad';
    return { kind: 'metric', measurement: { kind: 'value', value: bad ? 42 : 100 } };
  }

  /** What anybody can see of the cluster, whenever it has changed. */
  #show(): void {
    const status = objectOf(this.#world.canary()?.['status']);
    const route = this.#world.route();
    const weights =
      route === undefined ? {} : (routerFor(this.#world.provider)?.route?.view(route).weights ?? {});
    const split =
      route === undefined ? 'no route' : `route ${weights[`${APP}-primary`]}/${weights[`${APP}-canary`]}`;
    const beside = this.#beside(route);
    const pods = [PRIMARY, APP].map((name) => {
      const image = this.#world.imageOf(name).replace('app:', '') || '-';
      return `${image} ${this.#world.availableOf(name)}/${this.#world.sizeOf(name)}`;
    });
    const warm = this.#world.imageOf(WARM).replace('app:', '');
    const kept =
      warm === '' ? '' : `, warm ${warm} ${this.#world.availableOf(WARM)}/${this.#world.sizeOf(WARM)}`;
    const seen = `${split}${beside}, primary ${pods[0]}, canary ${pods[1]}${kept}${summaryOf(this.#world)}`;
    const phase = textOf(status['phase']);
    if (seen !== this.#shown && phase !== undefined) {
      this.#shown = seen;
      this.#line(phase, Number(status['canaryWeight']), seen);
    }
  }

  /** Copies, and cookies that answers set; values, which are chance, by the order in which they were seen. */
  #beside(route: KubeObject | undefined): string {
    const copies = copiesIn(route);
    const cookies = cookiesSetBy(route).map((cookie) =>
      cookie.replace(/=([A-Za-z]+)/, (_all, value: string) => {
        this.#values.add(value);
        return `=${[...this.#values].indexOf(value) + 1}`;
      }),
    );
    return [...(copies === 0 ? [] : [`copies ${copies}%`]), ...cookies.map((cookie) => `sets ${cookie}`)]
      .map((text) => ` (${text})`)
      .join('');
  }

  #line(phase: string, weight: number, text: string): void {
    const seconds = `${Math.round((this.#world.nowMs - this.#startMs) / 1000)}s`;
    this.transcript.push(
      `${seconds.padStart(6)}  ${phase.padEnd(16)} ${String(weight).padStart(3)}  ${text}`,
    );
  }
}
