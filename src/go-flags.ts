// The syntax of Go's flag package: one dash or two, `-flag=value` or `-flag value`; a switch without `=` is true.

export interface GivenFlag {
  readonly name: string;
  readonly value: string;
}

/** Reads in order, up to the first word that cannot be read; `problem` names that word and says what to do. */
export function readGoFlags(
  args: readonly string[],
  isSwitch: (name: string) => boolean,
): { readonly given: readonly GivenFlag[]; readonly problem: string | undefined } {
  const given: GivenFlag[] = [];
  const words = [...args];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const [, text, sign, value = ''] = /^--?([^-=][^=]*)(=)?(.*)$/s.exec(word) ?? [];
    if (text === undefined) {
      return { given, problem: `${word}: is no flag; the value of a switch needs "=", as in -switch=false` };
    }
    const name = text === 'h' ? 'help' : text;
    const next = sign === undefined ? (isSwitch(name) ? 'true' : words.shift()) : value;
    if (next === undefined) {
      return { given, problem: `-${name}: needs a value, as in -${name}=value` };
    }
    given.push({ name, value: next });
  }
  return { given, problem: undefined };
}
