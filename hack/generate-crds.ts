// crds/*.yaml from the schemas in src/api, and their copies in the chart.
import { existsSync } from 'node:fs';
import { stringify } from 'yaml';
import { customResourceDefinitions } from '../src/api/crd.ts';

/** A file that is generated: path from the root of the repository, and what it must say. */
export interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

const HEADER = '# Generated from src/api by `npm run generate`. Do not edit.\n';

export function crdFiles(root: string): GeneratedFile[] {
  const folders = ['crds', 'charts/serin/crds'].filter(
    (folder) => folder === 'crds' || existsSync(`${root}/${folder}`),
  );
  return customResourceDefinitions().flatMap((crd) => {
    // YAML 1.1, because that is how the readers of Kubernetes take words such as `off`.
    const text = `${HEADER}${stringify(crd, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false })}`;
    return folders.map((folder) => ({ path: `${folder}/${crd.spec.names.plural}.yaml`, text }));
  });
}
