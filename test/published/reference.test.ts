import { Assembly, introduction, referencePages } from '../../tools/api/reference';

const type = (name: string, area: string, kind = 'class') => ({
  name,
  kind,
  docs: { summary: `What ${name} is | does.` },
  locationInModule: { filename: `src/${area}/constructs/x.ts` },
});
const assembly: Assembly = {
  name: 'pay',
  types: {
    'pay.Table': type('Table', 'ledger'),
    'pay.TableProps': type('TableProps', 'ledger', 'interface'),
    'pay.Api': type('Api', 'api'),
  },
};
const reference = `# API Reference <a name="API Reference" id="api-reference"></a>

## Constructs <a name="Constructs" id="Constructs"></a>

### Api <a name="Api" id="pay.Api"></a>

Takes <a href="#pay.Table.property.name">a table</a>, see <a href="#pay.Api">itself</a>.

#### Initializers <a name="Initializers" id="pay.Api.Initializer"></a>

### Table <a name="Table" id="pay.Table"></a>

Has <a href="#pay.TableProps">props</a>.

## Structs <a name="Structs" id="Structs"></a>

### TableProps <a name="TableProps" id="pay.TableProps"></a>

Name.
`;

test('each type is on the page of its area, and links lead from page to page', () => {
  const pages = referencePages(reference, assembly);
  expect([...pages.keys()]).toEqual(['API.md', 'docs/api/ledger.md', 'docs/api/api.md']);
  expect(pages.get('docs/api/api.md')).toBe(`# The payments API: API reference

All areas: [API.md](../../API.md).

## Constructs <a name="Constructs" id="Constructs"></a>

### Api <a name="Api" id="pay.Api"></a>

Takes <a href="ledger.md#pay.Table.property.name">a table</a>, see <a href="#pay.Api">itself</a>.

#### Initializers <a name="Initializers" id="pay.Api.Initializer"></a>
`);
  expect(pages.get('docs/api/ledger.md')).toMatch(
    /## Constructs [^]*### Table [^]*<a href="#pay\.TableProps">[^]*## Structs [^]*### TableProps/,
  );
});

test('API.md leads to each type', () => {
  expect(referencePages(reference, assembly).get('API.md')).toBe(`# API reference

${introduction}

## [The ledger](docs/api/ledger.md)

| | |
|---|---|
| [Table](docs/api/ledger.md#pay.Table) | What Table is \\| does. |

Props, options and enums: [TableProps](docs/api/ledger.md#pay.TableProps)

## [The payments API](docs/api/api.md)

| | |
|---|---|
| [Api](docs/api/api.md#pay.Api) | What Api is \\| does. |
`);
});

test('a type that is described nowhere, and one that does not exist, are refused', () => {
  const more = { ...assembly, types: { ...assembly.types, 'pay.Other': type('Other', 'edge') } };
  expect(() => referencePages(reference, more)).toThrow('jsii-docgen describes no Other');
  const { 'pay.Api': _, ...fewer } = assembly.types;
  expect(() => referencePages(reference, { ...assembly, types: fewer })).toThrow('describes Api, which the assembly has not');
});
