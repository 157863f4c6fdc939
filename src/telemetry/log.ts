// What is logged: one JSON object a line with level, ts, msg, and canary where a line is about one. Goes to stderr, as
// Flagger's does. What is counted is metrics.ts. Imports pino only.
import { pino, type DestinationStream } from 'pino';
import { scrub, scrubText } from './scrub.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** Plain data; `error` may be an Error. Addresses and secrets are taken out, see scrub.ts. */
type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  /** With the stack trace of `fields.error`. */
  error(message: string, fields?: LogFields): void;
  fatal(message: string, fields?: LogFields): void;
  /** A logger whose lines say `canary: name.namespace`. */
  forCanary(canary: { readonly name: string; readonly namespace: string }): Logger;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Gets each line; stderr if not given. */
  readonly destination?: DestinationStream;
  readonly nowMs?: () => number;
}

type Write = (level: LogLevel, fields: object, message: string) => void;

function stackOf({ error }: LogFields): object {
  return error instanceof Error && error.stack !== undefined ? { stacktrace: scrubText(error.stack) } : {};
}

function loggerOver(write: Write, bound: LogFields): Logger {
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      const clean = scrub(fields);
      const stack = level === 'error' || level === 'fatal' ? stackOf(fields) : {};
      write(level, Object.assign({}, bound, clean, stack), scrubText(message));
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    fatal: at('fatal'),
    forCanary: ({ name, namespace }) => loggerOver(write, { ...bound, canary: `${name}.${namespace}` }),
  };
}

export function createLogger(options: LoggerOptions): Logger {
  const { level, nowMs = Date.now } = options;
  const logger = pino(
    {
      level,
      base: null,
      timestamp: () => `,"ts":"${new Date(nowMs()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    options.destination ?? pino.destination({ dest: 2, sync: true }),
  );
  return loggerOver((at, fields, message) => {
    logger[at](fields, message);
  }, {});
}
