// Skipper's language for routes, as far as it takes to put a predicate into each of them.

/** In comments, strings and patterns a semicolon ends nothing. */
const TOKEN = /\/\/[^\n]*|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`|\/(?:[^/\\[]|\\.|\[(?:[^\]\\]|\\.)*\])*\/|./gsu;
/** What may stand before its predicates, and they with all that follows. */
const ROUTE = /^((?:\s|\/\/[^\n]*)*(?:\w+\s*:)?)\s*(.*)$/su;

/** `name: Path("/") -> "https://example.com"; …`, or one route without a name. */
export function withPredicate(routes: string, predicate: string): string {
  return statementsOf(routes)
    .map((statement) => {
      const [, before = '', route = ''] = ROUTE.exec(statement) ?? [];
      return route === '' ? statement : `${before} ${predicate} && ${route}`.trimStart();
    })
    .join(';');
}

function statementsOf(text: string): readonly string[] {
  const statements = [''];
  for (const [token] of text.matchAll(TOKEN)) {
    statements.push(...(token === ';' ? [''] : [`${statements.pop() ?? ''}${token}`]));
  }
  return statements;
}
