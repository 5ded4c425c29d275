/** One clause of a DynamoDB condition, and what stands in the condition's place without it. */
export interface Clause {
  readonly what: string;
  readonly from: number;
  readonly to: number;
  readonly replace: string;
}

/** Every name and value of a request must be used, so what is left out stays in the text: it is made true, or false, whatever it says. */
const always = (clause: string): string => `(${clause} OR NOT (${clause}))`;
const never = (clause: string): string => `(${clause} AND NOT (${clause}))`;

const between = /^(\S+) BETWEEN (\S+) AND (\S+)$/;
const sign = /\s(AND|OR)\s/g;

/** The clauses of a condition: each of what must hold together; of alternatives all, and each. */
export function clausesOf(text: string): readonly Clause[] {
  const { parts, joiners } = split(text);
  if (joiners.size > 1) {
    throw new Error(`'${text}' mixes AND and OR: teach test/simulation/mistakes/conditions/expression.ts to take it apart`);
  }
  if (joiners.has('OR')) {
    return [
      { what: text, from: 0, to: text.length, replace: always(text) },
      ...parts.map(({ clause, from, to }) => ({ what: `alternative ${clause}`, from, to, replace: never(clause) })),
    ];
  }
  return parts.flatMap(({ clause, from, to }) => {
    const range = between.exec(clause);
    if (!range) return [{ what: clause, from, to, replace: always(clause) }];
    const [, name, low, high] = range;
    return [
      { what: `${name} >= ${low}`, from, to, replace: `(${name} <= ${high} AND ${always(clause)})` },
      { what: `${name} <= ${high}`, from, to, replace: `(${name} >= ${low} AND ${always(clause)})` },
    ];
  });
}

function split(text: string): {
  readonly parts: readonly { clause: string; from: number; to: number }[];
  readonly joiners: ReadonlySet<string>;
} {
  const parts: { clause: string; from: number; to: number }[] = [];
  const joiners = new Set<string>();
  let from = 0;
  for (const match of text.matchAll(sign)) {
    const clause = text.slice(from, match.index);
    // The AND of a range.
    if (match[1] === 'AND' && / BETWEEN \S+$/.test(clause)) continue;
    parts.push({ clause, from, to: match.index });
    joiners.add(match[1]);
    from = match.index + match[0].length;
  }
  return { parts: [...parts, { clause: text.slice(from), from, to: text.length }], joiners };
}
