// Starts a program from its TypeScript source, on a Node that can: elsewhere one line says what to install.
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';

const OLDEST = [22, 19];
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  process.stderr.write(
    `this needs Node ${OLDEST.join('.')} or newer, and found ${process.versions.node}: install Node 24\n`,
  );
  process.exit(2);
}
const [program = ''] = process.argv.splice(2, 1);
process.argv[1] = resolve(program);
await import(pathToFileURL(process.argv[1]).href);
