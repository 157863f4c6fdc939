// The ApisixRoute of a user that ours are made from.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { KubeObject } from '../../../src/model/kube.ts';
import { frozen } from '../wish.ts';

export const storefront: KubeObject = frozen(
  parse(readFileSync('test/traffic/apisix/storefront.yaml', 'utf8')),
);
