// What the store has to know about a kind: how it is named, completed, checked and versioned.
import type { KubeObject, Resource } from '../../model/kube.ts';
import type { NameRule } from './metadata.ts';
import type { TypedFields } from './typed.ts';
import type { Finding } from './refusals.ts';

/**
 * What the schema of one CRD version makes of an object: pruned and with defaults, and what is wrong with it. The object
 * given is not changed. `previous` is what it takes the place of.
 */
export type SchemaRules = (
  object: KubeObject,
  previous?: KubeObject,
) => {
  readonly object: KubeObject;
  readonly findings: readonly Finding[];
};

/** Where the scale subresource finds its numbers, as in a CRD (`.spec.replicas`). */
export interface ScalePaths {
  readonly specReplicasPath: string;
  readonly statusReplicasPath: string;
  readonly labelSelectorPath?: string;
}

/** As in a CRD. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: string;
  readonly jsonPath: string;
  readonly description?: string | undefined;
  readonly priority?: number | undefined;
}

interface KindNames {
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
}

/** A write as the rules of a kind see it. `peers` are the stored objects of the kind. */
export interface Draft {
  readonly object: KubeObject;
  readonly previous: KubeObject | undefined;
  readonly peers: Iterable<KubeObject>;
}

export interface Kind {
  readonly resource: Resource;
  readonly names: KindNames;
  readonly nameRule: NameRule;
  /** Main writes leave `status` alone, and status writes everything else. */
  readonly statusSubresource: boolean;
  /** What counts as a new generation; some core kinds have none. */
  readonly generation: 'none' | 'spec' | 'spec and annotations';
  /** A replace without resourceVersion overwrites whatever is there. */
  readonly unconditionalUpdate: boolean;
  /** A replace of what is not there creates it. */
  readonly createOnUpdate: boolean;
  /** The typed fields of a built-in kind. Undefined for custom kinds, whose schema says what they have. */
  readonly fields?: TypedFields;
  /** Field selectors beyond metadata. */
  readonly selectable: readonly string[];
  /** What kubectl prints beside the name; nothing means the age. */
  readonly columns: readonly PrinterColumn[];
  readonly scale?: ScalePaths;
  readonly schema?: SchemaRules;
  /** Fills in defaults; the draft's object has its final metadata but for generation and resourceVersion. */
  readonly complete?: (draft: Draft) => KubeObject;
  /** Malformed values, which the real server fails to decode: what is wrong, answered 400. */
  readonly malformed?: (object: KubeObject) => string | undefined;
  readonly check?: (draft: Draft) => readonly Finding[];
}

/** `group/plural`: versions of one kind share their objects. */
export const storageKeyOf = ({ group, plural }: Pick<Resource, 'group' | 'plural'>): string =>
  `${group}/${plural}`;
