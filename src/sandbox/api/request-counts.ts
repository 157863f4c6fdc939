// Who asked for what, and how often: shows that an idle controller asks for nothing.
export interface RequestCount {
  readonly user: string;
  readonly verb: string;
  /** `canaries.flagger.app`, `canaries.flagger.app/status`; the path where the request is about no kind. */
  readonly resource: string;
  readonly count: number;
}

export class RequestCounter {
  readonly #counts = new Map<string, RequestCount>();

  add(user: string, verb: string, resource: string): void {
    const key = JSON.stringify([user, verb, resource]);
    const { count = 0 } = this.#counts.get(key) ?? {};
    this.#counts.set(key, { user, verb, resource, count: count + 1 });
  }

  counts(): readonly RequestCount[] {
    return [...this.#counts.values()];
  }
}
