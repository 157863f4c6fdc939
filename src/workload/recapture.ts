// A revision, read back from the primary that was made from it: for a record that somebody deleted, and for a primary that
// another controller left behind. Rendering the result gives the same primary again.
import { objectOf } from '../model/json.ts';
import type { KubeObject } from '../model/kube.ts';
import type { Revision } from '../model/revision.ts';
import { configKey } from './configs.ts';
import { revisionAnnotation } from './metadata.ts';
import { renameConfigRefs } from './pod-template.ts';
import { captureRevision } from './stored-revision.ts';
import type { StoredRevision } from './stored-revision.ts';
import { hasDrifted, revisionFrom, sourceHashOf, sourceNameOf, sourceTemplateOf } from './template-hash.ts';

/** True if the primary still is what this revision made it, or, made by somebody else, has just this content. */
export function holdsRevision(primary: KubeObject, revision: Revision): boolean {
  const own = revisionAnnotation(primary.metadata);
  const template = objectOf(objectOf(primary['spec'])['template']);
  return own === undefined
    ? revisionFrom(sourceHashOf(template)) === revision
    : own === revision && !hasDrifted(primary);
}

/** Throws a ZodError for an object without a pod template. */
export function recaptureRevision(primary: KubeObject, revision: Revision): StoredRevision {
  const spec = objectOf(primary['spec']);
  const template = objectOf(spec['template']);
  const source = { ...primary, spec: { ...spec, template: sourceTemplateOf(template) } };
  const captured = captureRevision(source, { checksums: undefined, ownerUid: '' });
  return { ...captured, revision, configs: copiesOf(template) };
}

/** The copies in use stay in use, whoever made them; what they hold is not looked at again. */
function copiesOf(template: Parameters<typeof renameConfigRefs>[0]): StoredRevision['configs'] {
  const configs: Record<string, { copy: string; checksum: string }> = {};
  renameConfigRefs(template, ({ kind, name }) => {
    const source = sourceNameOf(name);
    if (source !== name) {
      configs[configKey({ kind, name: source })] = { copy: name, checksum: '' };
    }
    return name;
  });
  return configs;
}
