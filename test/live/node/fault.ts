// What can be wrong with a pod of the pretend node, and the words for it.
// Not here: where the words come from (image tag, environment, admin port).
// Imports nothing.

export interface Fault {
  /** 0 to 1; that share of the requests is answered with 500. */
  readonly errorShare: number;
  readonly latencyMs: number;
  /** For so long after its start the container answers 503, to probes too. */
  readonly startupMs: number;
  /** Readiness probes get 503. */
  readonly unready: boolean;
  /** The container ends again and again. */
  readonly crash: boolean;
  /** The image cannot be pulled. */
  readonly noPull: boolean;
}

export const healthy: Fault = {
  errorShare: 0,
  latencyMs: 0,
  startupMs: 0,
  unready: false,
  crash: false,
  noPull: false,
};

/**
 * Words joined by `-` or `,`: `errors30` (per cent), `latency3000`, `slow10000` (ms), `unready`, `crash`, `nopull`. Other words are
 * ignored, so an image tag like `1.1-errors30` is a version and a fault. undefined where no word is one.
 */
export function parseFault(text: string): Fault | undefined {
  let fault: Fault | undefined;
  for (const word of text.split(/[-,]/)) {
    const part = parseWord(word);
    if (part !== undefined) fault = { ...(fault ?? healthy), ...part };
  }
  return fault;
}

function parseWord(word: string): Partial<Fault> | undefined {
  const [, name = '', amount = ''] = /^(errors|latency|slow)(\d+)$/.exec(word) ?? [];
  if (name === 'errors') return { errorShare: Math.min(Number(amount), 100) / 100 };
  if (name === 'latency') return { latencyMs: Number(amount) };
  if (name === 'slow') return { startupMs: Number(amount) };
  if (word === 'unready') return { unready: true };
  if (word === 'crash') return { crash: true };
  return word === 'nopull' ? { noPull: true } : undefined;
}

/** The tag of an image reference; `latest` where it has none. */
export function tagOf(image: string): string {
  const last = image.slice(image.lastIndexOf('/') + 1);
  return last.includes(':') ? last.slice(last.indexOf(':') + 1) : 'latest';
}
