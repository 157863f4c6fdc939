// An address for each pod: one of its own in 127.0.0.0/8 where the system lets us bind those (Linux does), otherwise a free
// port of 127.0.0.1. What listens there is not known here.
import { z } from 'zod';
import type { Address, Listener } from './listener.ts';

const SystemError = z.looseObject({ code: z.string() });

/** Starts something at the next free address; rejects with the last error after many refusals. */
export type Placement = (port: number, start: (address: Address) => Promise<Listener>) => Promise<Listener>;

/**
 * `seed` spreads sandboxes that run at the same time, so that they rarely try each other's addresses; it may be any number,
 * such as the process id.
 */
export function loopbackPlacement(seed: number): Placement {
  const second = 16 + (Math.abs(Math.trunc(seed)) % 200);
  let next = 1;
  let ownAddresses = true;
  return async (port, start) => {
    let refused: unknown;
    for (let i = 0; i < 64; i++) {
      const own = `127.${second}.${(next >> 8) & 255}.${next & 255}`;
      next = next >= 65_534 ? 1 : next + 1;
      try {
        // A low port needs privileges; any other one of the same address does as well.
        return ownAddresses
          ? await start({ host: own, port: port < 1024 ? 0 : port })
          : await start({ host: '127.0.0.1', port: 0 });
      } catch (error) {
        refused = error;
        ownAddresses &&= codeOf(error) === 'EADDRINUSE';
      }
    }
    throw refused;
  };
}

function codeOf(error: unknown): string {
  return SystemError.safeParse(error).data?.code ?? '';
}
