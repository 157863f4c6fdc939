// The Upstream of a user whose settings ours get.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { KubeObject } from '../../../src/model/kube.ts';
import { frozen } from '../wish.ts';

export const settings: KubeObject = frozen(parse(readFileSync('test/traffic/gloo/settings.yaml', 'utf8')));
