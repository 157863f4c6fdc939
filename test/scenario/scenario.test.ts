// Stories for people: what happens, as a transcript. `UPDATE=1` rewrites them; a rewritten one is read before it is
// committed. Those of a release stay: today's code must replay them.
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { tell } from './story.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));
const names = (await readdir(folder)).filter((name) => name.endsWith('.txt'));
const update = process.env['UPDATE'] === '1';

/** Lines that begin with `#` say what the story is about; the script ends at the dashes. */
function scriptOf(text: string): {
  readonly head: string;
  readonly steps: readonly string[];
  readonly told: string;
} {
  const [head = '', ...told] = text.split(/^-{3,}\n/m);
  const lines = head.split('\n').map((line) => line.trim());
  return {
    head,
    steps: lines.filter((line) => line !== '' && !line.startsWith('#')),
    told: told.join(''),
  };
}

describe('the story of', () => {
  it.each(names)('%s', async (name) => {
    const path = `${folder}/${name}`;
    const { head, steps, told } = scriptOf(await readFile(path, 'utf8'));
    const transcript = `${(await tell(steps)).join('\n')}\n`;
    if (update) {
      await writeFile(path, `${head}---\n${transcript}`);
      return;
    }

    expect(transcript).toBe(told);
  });

  it('are told at all', () => {
    expect(names.length).toBeGreaterThanOrEqual(8);
  });
});
