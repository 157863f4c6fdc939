// A revision, read back from the primary that was made from it: for a record that somebody deleted, and for a primary that
// another controller left behind. Rendering the result gives the same primary again.
import { objectOf } from '../model/json.ts';
import type { KubeObject } from '../model/kube.ts';
import type { Revision } from '../model/revision.ts';
import { configKey } from './configs.ts';
import type { WorkloadKind } from './kind.ts';
import { copiedAnnotations, revisionAnnotation, withoutToolkit } from './metadata.ts';
import { renameConfigRefs } from './pod-template.ts';
import type { StoredRevision } from './stored-revision.ts';
import { hasDrifted, revisionFrom, sourceNameOf, templateHashOf } from './template-hash.ts';

/**
 * True if the primary still is what this revision made it, or has just this content: made by somebody else, or for another
 * Canary, whose note means nothing here.
 */
export function holdsRevision(kind: WorkloadKind, primary: KubeObject, revision: Revision): boolean {
  const noted = revisionAnnotation(primary.metadata) === revision && !hasDrifted(primary, kind.primaryShape);
  return noted || revisionFrom(templateHashOf(kind.recapture(primary).template)) === revision;
}

/** Checksums of copies, by the names of what they are copies of. */
export function sourceChecksums(checksums: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(checksums).map(([key, checksum]) => [sourceNameOf(key), checksum]),
  );
}

/** Throws a ZodError for an object that no API server would keep. */
export function recaptureRevision(
  kind: WorkloadKind,
  primary: KubeObject,
  revision: Revision,
): StoredRevision {
  const { labels, annotations } = primary.metadata;
  return {
    ...kind.recapture(primary),
    revision,
    configs: kind.scaled === undefined ? {} : copiesOf(objectOf(objectOf(primary['spec'])['template'])),
    labels: withoutToolkit(labels ?? {}),
    annotations: copiedAnnotations(annotations ?? {}),
  };
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
