import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { append, brokenLocks, entries, Entry, lostLocks } from './fixtures';
import { Format, plain } from './format';
import { approvalFormats } from './kinds/approvals';
import { cutoverFormats } from './kinds/cutover';
import { eventFormats } from './kinds/events';
import { homeFormats } from './kinds/homes';
import { ledgerFormats } from './kinds/ledger';
import { contracts, isNaming, nameFormats, names } from './kinds/names';
import { AuditRecord } from '../../src/cutover/model';
import { paymentEventTypes, probeType } from '../../src/events/contract';
import { canonicalJson, Json } from '../../src/kernel/fingerprint';

/**
 * What is stored, published or signed outlives the code that wrote it. Each form stands here as a release wrote it, read by today's code;
 * and today's code writes it as the newest entry says. The fixtures only grow: `UPDATE_FORMATS=1 npx jest test/formats` appends what is
 * new.
 */

const formats: readonly Format[] = [
  ...ledgerFormats,
  ...homeFormats,
  ...eventFormats,
  ...cutoverFormats,
  ...approvalFormats,
  ...nameFormats,
];
const howTo = 'If that is meant: keep the reader of the old form, and append the new one by UPDATE_FORMATS=1 npx jest test/formats';

const same = (one: Json, other: Json): boolean => canonicalJson(one) === canonicalJson(other);
const found = entries();
const of = ({ format }: Format): readonly Entry[] => found.filter((entry) => entry.format === format);
const newest = (all: readonly Entry[], name: string): Entry | undefined => all.filter((entry) => entry.case === name).at(-1);

async function problemsOf(format: Format): Promise<string[]> {
  const written = await format.write();
  const problems: string[] = [];
  for (const [name, stored] of Object.entries(written)) {
    const known = newest(of(format), name);
    if (known && same(known.stored, stored)) continue;
    if (process.env.UPDATE_FORMATS) {
      append(format.format, name, stored, format.read && plain(await format.read(stored)));
      continue;
    }
    const was = known
      ? `is written otherwise than release ${known.release} wrote it:\n  then ${canonicalJson(known.stored)}\n  now  ` +
        `${canonicalJson(stored)}\n`
      : 'has no stored entry. ';
    problems.push(`${format.format} '${name}' ${was}Without a reader for both: ${format.consequence}. ${howTo}`);
  }
  for (const entry of of(format)) problems.push(...(await misread(format, entry, written)));
  return problems;
}

async function misread(
  format: Format,
  { case: name, release, stored, means }: Entry,
  written: Readonly<Record<string, Json>>,
): Promise<string[]> {
  if (!format.read) {
    if (written[name] !== undefined && same(written[name], stored)) return [];
    return [
      `${format.format} '${name}' of release ${release} is told by its text alone, and nothing writes ${canonicalJson(stored)} any ` +
        `more: ${format.consequence}. Write it as it was`,
    ];
  }
  const now = await Promise.resolve()
    .then(() => format.read!(stored))
    .then(plain, (error: unknown) => `it cannot be read: ${String(error)}`);
  if (same(now, means!)) return [];
  return [
    `${format.format} '${name}' of release ${release} is read otherwise:\n  then ${canonicalJson(means!)}\n  now  ` +
      `${canonicalJson(now)}\nWhat happens then: ${format.consequence}. Keep the reader of that form`,
  ];
}

test.each(formats.map((format) => [format.format, format] as const))(
  '%s is read as each release wrote it, and written as the newest did',
  async (_name, format) => {
    expect(await problemsOf(format)).toEqual([]);
  },
);

test('no stored entry was ever changed or removed', () => {
  expect(brokenLocks()).toEqual([]);
  expect(lostLocks()).toEqual([]);
});

test('every entry is of a format that is tested, and the table names each once', () => {
  const known = formats.map(({ format }) => format);
  expect(new Set(known).size).toBe(known.length);
  expect([...new Set(found.map(({ format }) => format))].filter((format) => !known.includes(format))).toEqual([]);
});

describe('nothing is stored or published without an entry', () => {
  const root = join(__dirname, '../../src');
  const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => ts.createSourceFile(name, readFileSync(join(root, name), 'utf8'), ts.ScriptTarget.Latest));
  const nodes = (node: ts.Node): readonly ts.Node[] => {
    const all: ts.Node[] = [node];
    ts.forEachChild(node, (child) => {
      all.push(...nodes(child));
    });
    return all;
  };
  const all = sources.flatMap((source) => nodes(source).map((node) => ({ source, node })));
  const file = (name: string): readonly ts.Node[] => {
    const inside = all.filter(({ source }) => source.fileName === name).map(({ node }) => node);
    if (inside.length === 0) throw new Error(`there is no src/${name}: name the file that has its types now`);
    return inside;
  };
  /** Texts of a member in a union type. */
  const literals = (name: string, type: string, member?: string): string[] => {
    const declared = file(name).find(
      (node) => (ts.isTypeAliasDeclaration(node) || ts.isInterfaceDeclaration(node)) && node.name.text === type,
    );
    const inside = declared ? nodes(declared) : [];
    const signatures = inside.filter((node) => ts.isPropertySignature(node) && (node.name as ts.Identifier).text === member);
    const within = member === undefined ? inside : signatures.flatMap(nodes);
    return within.flatMap((node) => (ts.isLiteralTypeNode(node) && ts.isStringLiteral(node.literal) ? [node.literal.text] : []));
  };
  const text = JSON.stringify(found);
  const stored = (format: string): readonly Entry[] => found.filter((entry) => entry.format === format);

  test("every prefix of an item's key", () => {
    const begins = (node: ts.Node): node is ts.LiteralLikeNode =>
      ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node) || ts.isTemplateHead(node);
    const heads = all.flatMap(({ node }) => (begins(node) ? [node.text] : []));
    const prefixes = [...new Set(heads.flatMap((head) => /^[a-z]+#/.exec(head) ?? []))];
    expect(prefixes).toEqual(
      expect.arrayContaining(['k#', 'a#', 'u#', 'j#', 'e#', 's#', 'r#', 'd#', 'probe#', 'aside#', 'drain#', 'heartbeat#']),
    );
    expect(prefixes.filter((prefix) => !text.includes(`"${prefix}`))).toEqual([]);
  });

  test('every type of an event', () => {
    const types = [...stored('events.payment-event'), ...stored('events.probe')].map(
      (entry) => (entry.stored as { readonly detailType: string }).detailType,
    );
    expect([...paymentEventTypes, probeType].filter((type) => !types.includes(type))).toEqual([]);
  });

  test("every kind of a ledger's item", () => {
    const kinds = all.flatMap(({ source, node }) => {
      const isKind = source.fileName.startsWith('ledger/') && ts.isPropertyAssignment(node) && node.name.getText(source) === 'kind';
      return isKind && ts.isStringLiteral(node.initializer) && /^[A-Z]+$/.test(node.initializer.text) ? [node.initializer.text] : [];
    });
    expect(kinds).toEqual(expect.arrayContaining(['ACCOUNT', 'PAYMENT', 'MOVE', 'FENCE']));
    expect(kinds.filter((kind) => !text.includes(`"kind":{"S":"${kind}"}`))).toEqual([]);
  });

  test("every kind of an account's entry", () => {
    const kinds = stored('ledger.entry').map((entry) => (entry.means as { readonly kind: string }).kind);
    expect(literals('ledger/protocol/domain.ts', 'Entry', 'kind').filter((kind) => !kinds.includes(kind))).toEqual([]);
  });

  test("every kind of an audit record, and of a line of an approval's record", () => {
    const kinds = literals('cutover/model.ts', 'AuditEntry', 'what');
    expect(kinds.length).toBeGreaterThan(10);
    const records = stored('cutover.audit-record')
      .flatMap((entry) => (entry.stored as { readonly texts: readonly string[] }).texts)
      .map((one) => JSON.parse(one) as AuditRecord);
    expect(kinds.filter((what) => !records.some(({ entry }) => entry.what === what))).toEqual([]);
    const lines = stored('approvals.record-line').map((entry) => (entry.means as { readonly what: string }).what);
    expect(literals('approvals/model.ts', 'ApprovalRecord', 'what').filter((what) => !lines.includes(what))).toEqual([]);
  });

  test('every purpose for which something is sealed', () => {
    expect(
      literals('approvals/callers/session.service.ts', 'Purpose').filter(
        (purpose) => !stored('approvals.sealed').some((entry) => entry.case === purpose),
      ),
    ).toEqual([]);
  });

  test('every exported function that encodes or decodes', () => {
    const own = readdirSync(join(__dirname, 'kinds'))
      .map((name) => readFileSync(join(__dirname, 'kinds', name), 'utf8'))
      .join('\n');
    const isExported = (node: ts.FunctionDeclaration): boolean =>
      node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;
    const exported = all.flatMap(({ node }) => (ts.isFunctionDeclaration(node) && isExported(node) ? [node.name!.text] : []));
    // A cursor is encoded by the listing itself.
    const known = exported.filter((name) => /^(encode|decode)/.test(name) && name !== 'encodeCursor');
    expect(known).toEqual(expect.arrayContaining(['encodeEntry', 'decodeEntry', 'decodeCursor']));
    expect(known.filter((name) => !own.includes(name))).toEqual([]);
  });

  test('every name by convention, of every contract', () => {
    const files = sources
      .map(({ fileName }) => fileName)
      .filter((name) => /(^|\/)contract\.ts$|^kernel\/system-/.test(name))
      .map((name) => name.replace(/\.ts$/, ''));
    expect(files.sort()).toEqual(Object.keys(contracts).sort());
    const naming = Object.values(contracts).flatMap((exported) =>
      Object.keys(exported).filter((name) => typeof exported[name] === 'function' && isNaming(name)),
    );
    expect(naming.filter((name) => names[name] === undefined)).toEqual([]);
  });
});
