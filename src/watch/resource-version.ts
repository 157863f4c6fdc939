// The order of resource versions. They are decimal numbers of any length, comparable within one kind (KEP-5504).

/** Negative, zero or positive as `a` is older, the same or newer; undefined where either is no number. */
export function compareVersions(a: string, b: string): number | undefined {
  if (a === b) {
    return 0;
  }
  if (!/^\d+$/.test(a) || !/^\d+$/.test(b)) {
    return undefined;
  }
  const [x, y] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  if (x.length !== y.length) {
    return x.length - y.length;
  }
  if (x === y) {
    return 0;
  }
  return x < y ? -1 : 1;
}

/** True only where both are known and `a` is older. */
export function isOlder(a: string, b: string): boolean {
  return (compareVersions(a, b) ?? 0) < 0;
}

export function newest(a: string, b: string): string {
  return isOlder(a, b) ? b : a;
}
