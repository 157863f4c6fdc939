// What only delays a pass is thrown as one of these two; everything else that is thrown is a bug. What rules must weigh
// is a value, never an exception.

/** The cluster or the network was in the way: try again with back-off. */
export class Retry extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Retry';
  }
}

/** The spec or something it refers to is wrong: trying again cannot help, wait until one of them changes. */
export class Stalled extends Error {
  /** One CamelCase word, the one that stands on the condition. */
  readonly reason: string;

  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Stalled';
    this.reason = reason;
  }
}
