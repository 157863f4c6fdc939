import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { linesOf } from '../../src/cluster/lines.ts';

async function read(chunks: readonly Uint8Array[]): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of linesOf(stream(chunks))) {
    lines.push(line);
  }
  return lines;
}

async function* stream(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

describe('lines of a byte stream', () => {
  it('are the same however the bytes are cut, inside a character too', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'binary' }), { maxLength: 8 }),
        fc.array(fc.nat(40), { maxLength: 20, size: 'max' }),
        async (texts, cuts) => {
          const lines = texts.map((text) => text.replaceAll(/[\n]/g, '') + '€');
          const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
          const chunks: Uint8Array[] = [];
          let at = 0;
          for (const cut of cuts) {
            chunks.push(bytes.subarray(at, at + cut));
            at += cut;
          }
          chunks.push(bytes.subarray(at));
          expect(await read(chunks)).toEqual(lines.map((line) => Buffer.from(line).toString()));
        },
      ),
    );
  });

  it('leave out blank lines and a last line that broke off', async () => {
    expect(await read([Buffer.from('{"a":1}\n\n  \n{"b":2}\n{"c"')])).toEqual(['{"a":1}', '{"b":2}']);
  });
});
