// YAML as Kubernetes reads it, and on which line everything stands.
import {
  type Document as YamlDocument,
  LineCounter,
  type Tags,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  parseAllDocuments,
} from 'yaml';
import type { Path } from '../api/problem.ts';

export interface ManifestDocument {
  /** undefined where the text is no YAML. */
  readonly object: unknown;
  /** Line of the field, or of the nearest thing around it that is there; lines count from 1. */
  readonly lineOf: (path: Path) => number;
  /** Keys that are written twice in one map; the last one counts. */
  readonly duplicates: readonly { readonly path: Path; readonly line: number; readonly lastLine: number }[];
  readonly errors: readonly { readonly line: number; readonly message: string }[];
}

const foreignTags: ReadonlySet<string> = new Set(
  ['timestamp', 'binary', 'omap', 'pairs', 'set'].map((name) => `tag:yaml.org,2002:${name}`),
);

/**
 * The tools of Kubernetes read YAML 1.1 (`on` is true, 012 is ten), but without its dates, base-60 numbers and sets:
 * those stay text.
 */
function kubernetesTags(tags: Tags): Tags {
  return tags.filter(
    (tag) =>
      typeof tag === 'string' || (!foreignTags.has(tag.tag) && !('format' in tag && tag.format === 'TIME')),
  );
}

/** The documents of one file; those without content are left out. */
export function readDocuments(text: string): ManifestDocument[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    version: '1.1',
    customTags: kubernetesTags,
    lineCounter: lines,
    uniqueKeys: false,
    prettyErrors: false,
  });
  return [...documents].flatMap((document) =>
    document.contents === null && document.errors.length === 0 ? [] : readDocument(document, lines),
  );
}

function readDocument(document: YamlDocument, lines: LineCounter): ManifestDocument {
  const lineAt = (offset: number): number => lines.linePos(offset).line;
  const start = lineAt(startOf(document.contents) ?? document.range?.[0] ?? 0);
  const broken = { object: undefined, lineOf: () => start, duplicates: [] };
  if (document.errors.length > 0) {
    const errors = document.errors.map(({ pos, message }) => ({ line: lineAt(pos[0]), message }));
    return { ...broken, errors };
  }
  try {
    return {
      object: document.toJS(),
      lineOf: (path) => lineAt(offsetOf(document, path)),
      duplicates: duplicatesIn(document.contents, []).map(({ path, offset, lastOffset }) => ({
        path,
        line: lineAt(offset),
        lastLine: lineAt(lastOffset),
      })),
      errors: [],
    };
  } catch (error) {
    // Aliases that refer to nothing, or that unfold without end.
    const message = error instanceof Error ? error.message : String(error);
    return { ...broken, errors: [{ line: start, message }] };
  }
}

const keyOf = (key: unknown): string => (isScalar(key) ? String(key.value) : '');

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

function offsetOf(document: YamlDocument, path: Path): number {
  let offset = startOf(document.contents) ?? 0;
  let node: unknown = document.contents;
  for (const part of path) {
    node = isAlias(node) ? node.resolve(document) : node;
    if (isMap(node)) {
      const pair = node.items.findLast(({ key }) => keyOf(key) === String(part));
      if (pair === undefined) {
        return offset;
      }
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof part === 'number' && part < node.items.length) {
      node = node.items[part];
      offset = startOf(node) ?? offset;
    } else {
      return offset;
    }
  }
  return offset;
}

interface Duplicate {
  readonly path: Path;
  readonly offset: number;
  readonly lastOffset: number;
}

function duplicatesIn(node: unknown, path: Path): Duplicate[] {
  if (isSeq(node)) {
    return node.items.flatMap((item, index) => duplicatesIn(item, [...path, index]));
  }
  if (!isMap(node)) {
    return [];
  }
  const keys = node.items.map((item) => keyOf(item.key));
  return node.items.flatMap((item, index) => {
    const key = keys[index] ?? '';
    const here = [...path, key];
    const inner = duplicatesIn(item.value, here);
    const last = keys.lastIndexOf(key);
    if (key === '<<' || last === index) {
      return inner;
    }
    const lastOffset = startOf(node.items[last]?.key) ?? 0;
    return [{ path: here, offset: startOf(item.key) ?? 0, lastOffset }, ...inner];
  });
}
