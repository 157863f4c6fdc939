// Strips types for jest; `tsc --noEmit` checks them. Sync, so that no native transformer is needed.
const { createHash } = require('node:crypto');
const esbuild = require('esbuild');

const options = { loader: 'ts', format: 'esm', target: 'node22', sourcemap: 'inline' };

module.exports = {
  process: (source, file) => esbuild.transformSync(source, { ...options, sourcefile: file }),
  getCacheKey: (source, file, { instrument }) =>
    createHash('sha256')
      .update([source, file, String(instrument), JSON.stringify(options), esbuild.version].join('\0'))
      .digest('hex'),
};
