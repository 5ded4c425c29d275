/**
 * The API's reference, a page for each area: what jsii-docgen writes as one file of half a megabyte is cut at its types, and each type goes
 * to the page of the area whose source it is in. API.md leads to all of them.
 */

/** Of jsii's assembly, what is needed here. */
export interface Assembly {
  readonly name: string;
  readonly types: Readonly<
    Record<
      string,
      {
        readonly name: string;
        readonly kind: string;
        readonly docs?: { readonly summary?: string };
        readonly locationInModule?: { readonly filename: string };
      }
    >
  >;
}

/** Where the pages are, beside the guides. */
export const referenceFolder = 'docs/api';

/** What an area is called; another one has its folder's name. */
const titles: Readonly<Record<string, string>> = {
  api: 'The payments API',
  approvals: 'Approvals',
  canary: 'Canaries',
  cdk: 'Options of all areas',
  cutover: 'The cutover',
  documents: 'Documents',
  drill: 'Drills',
  edge: 'The edge',
  events: 'Events',
  ledger: 'The ledger',
  operations: 'The dashboard',
};
const titleOf = (area: string): string => titles[area] ?? area[0].toUpperCase() + area.slice(1);

/** One type as jsii-docgen describes it. */
interface Entry {
  readonly name: string;
  /** Heading of its kind: Constructs, Structs, Classes, Enums. */
  readonly section: string;
  readonly text: string;
}

/** All files by their path in the repository: API.md, and the pages. Throws when a type of the assembly is in none. */
export function referencePages(reference: string, assembly: Assembly): Map<string, string> {
  const areas = areasOf(assembly);
  const entries = entriesOf(reference);
  const missing = [...areas.keys()].filter((name) => !entries.some((entry) => entry.name === name));
  if (missing.length > 0) throw new Error(`jsii-docgen describes no ${missing.join(', ')}`);
  const strange = entries.find(({ name }) => !areas.has(name));
  if (strange) throw new Error(`jsii-docgen describes ${strange.name}, which the assembly has not`);
  const names = [...new Set(areas.values())].sort((a, b) => (titleOf(a) < titleOf(b) ? -1 : 1));
  const pages = names.map((area): [string, string] => {
    const own = entries.filter(({ name }) => areas.get(name) === area);
    return [`${referenceFolder}/${area}.md`, pageOf(area, own, areas, assembly.name)];
  });
  return new Map([['API.md', indexOf(names, areas, assembly)], ...pages]);
}

/** The area of each type by its name: the first folder of its source. */
function areasOf({ types }: Assembly): Map<string, string> {
  return new Map(
    Object.values(types).map(({ name, locationInModule }) => {
      const area = /^src\/([a-z-]+)\//.exec(locationInModule?.filename ?? '')?.[1];
      if (area === undefined) throw new Error(`the assembly does not say which area ${name} is of`);
      return [name, area];
    }),
  );
}

function entriesOf(reference: string): Entry[] {
  return reference.split(/^(?=## )/m).flatMap((part) => {
    const section = /^## (\w+)/.exec(part)?.[1];
    if (section === undefined) return [];
    return part
      .split(/^(?=### )/m)
      .slice(1)
      .map((text) => ({ name: /^### (\w+)/.exec(text)![1], section, text: text.trimEnd() }));
  });
}

function pageOf(area: string, entries: readonly Entry[], areas: ReadonlyMap<string, string>, packageName: string): string {
  const sections = [...new Set(entries.map(({ section }) => section))];
  const text = sections.flatMap((section) => [
    `## ${section} <a name="${section}" id="${section}"></a>`,
    ...entries.filter((entry) => entry.section === section).map((entry) => entry.text),
  ]);
  const start = `href="#${packageName}.`;
  const linked = text.map((part) =>
    part
      .split(start)
      .map((piece, index) => {
        if (index === 0) return piece;
        const other = areas.get(/^\w+/.exec(piece)?.[0] ?? '');
        return other === undefined || other === area ? `${start}${piece}` : `href="${other}.md#${packageName}.${piece}`;
      })
      .join(''),
  );
  return `${[`# ${titleOf(area)}: API reference`, 'All areas: [API.md](../../API.md).', ...linked].join('\n\n')}\n`;
}

/** Constructs and other classes with what they are; props and options by name. */
function indexOf(names: readonly string[], areas: ReadonlyMap<string, string>, { name: packageName, types }: Assembly): string {
  const parts = names.flatMap((area) => {
    const own = Object.values(types)
      .filter(({ name }) => areas.get(name) === area)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const linkOf = (name: string): string => `[${name}](${referenceFolder}/${area}.md#${packageName}.${name})`;
    const classes = own.filter(({ kind }) => kind === 'class');
    const others = own.filter(({ kind }) => kind !== 'class');
    return [
      `## [${titleOf(area)}](${referenceFolder}/${area}.md)`,
      ...(classes.length === 0
        ? []
        : [['| | |', '|---|---|', ...classes.map(({ name, docs }) => `| ${linkOf(name)} | ${cell(docs?.summary ?? '')} |`)].join('\n')]),
      ...(others.length === 0 ? [] : [`Props, options and enums: ${others.map(({ name }) => linkOf(name)).join(', ')}`]),
    ];
  });
  return `${['# API reference', introduction, ...parts].join('\n\n')}\n`;
}

export const introduction =
  'Every construct and prop, by area. Names are those of TypeScript; Python writes `system_name` for `systemName`, ' +
  'Go `SystemName`, Java has builders.';

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
