import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as fc from 'fast-check';
import MarkdownIt from 'markdown-it';
import ts from 'typescript';
import { rules } from './world';
import { ApprovalView } from '../../src/approvals/model';
import { messageText } from '../../src/approvals/page/message.domain';
import { approvalPage } from '../../src/approvals/page/page.domain';
import { AuditEntry, AuditRecord } from '../../src/cutover/model';
import { renderReport } from '../../src/cutover/report/domain';
import { html, mail, markdown, snsSubject } from '../../src/kernel/markup';
import { Telemetry } from '../../src/runtime/telemetry';
import { root, trackedFiles } from '../project/tracked-files';

/** What would become a section, a table, a link, an element or a line of its own, were it not encoded. */
const pieces = [
  '\r',
  '\n',
  '\r\n',
  '\u2028',
  '\u2029',
  '\u0085',
  '\v',
  '\f',
  '\t',
  ' ',
  '    ',
  '\\',
  '`',
  '```',
  '~~~',
  '*',
  '**',
  '_',
  '[',
  ']',
  '(',
  ')',
  '<',
  '>',
  '&',
  '|',
  '#',
  '## ',
  '---',
  '===',
  '- ',
  '+ ',
  '1. ',
  '> ',
  '!',
  '## Decisions',
  '| a | b |',
  '|---|---|',
  '[x](https://evil.example)',
  '![x](//evil.example)',
  '<https://evil.example>',
  'https://evil.example/a',
  'http://',
  '//evil.example',
  'www.evil.example',
  'evil.com/a',
  'pay.evil.net',
  'mailto:eve@evil.example',
  '[x]: https://evil.example',
  '<h2>Decisions</h2>',
  '<table>',
  '<!--',
  '-->',
  '<img src=x onerror=alert(1)>',
  '&lt;',
  '&#60;',
  '"',
  "'",
  '=',
  '\u202e',
  '\u0000',
  '\ud800',
  'See what was checked, and decide:',
  'Expires: never',
  'ann',
  'é',
];
const hostile = fc
  .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 4 })), { minLength: 1, maxLength: 8 })
  .map((parts) => parts.join(''));

const known = new MarkdownIt({ html: true, linkify: true });
// Whatever has a scheme or begins with //. Of a bare name Markdown makes no link.
known.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });
/** Mail programs do. */
const inMails = new MarkdownIt({ linkify: true }).linkify.set({ fuzzyLink: true, fuzzyEmail: false, fuzzyIP: false });

/** What a reader of the Markdown sees: its headings, tables and whatever else is more than text. */
function structureOf(text: string): readonly string[] {
  return known
    .parse(text, {})
    .flatMap((token) => [token, ...(token.children ?? [])])
    .filter(({ type }) => /(heading|table|th|tr|list_item|em|s)_open|html|link|image|fence|code|hr|blockquote|strong|break/.test(type))
    .map(({ type, tag }) => `${type} ${tag}`);
}

function reportWith(text: string): string {
  const entries: AuditEntry[] = [
    { what: 'started', run: text, action: 'cutover', reason: text, plan: text, phases: [10, 100], attested: { [text]: text } },
    {
      what: 'prechecks',
      run: text,
      phase: 0,
      passed: true,
      digest: 'd',
      failed: [text],
      checks: [text, `ok ${text}: ${text}; allowed ${text}`],
    },
    { what: 'decision', run: text, about: text, decision: 'APPROVED', comments: [text], digest: 'd' },
    { what: 'changed', run: text, intent: 1, kind: 'shift', weights: { source: 90, target: 10 }, inSync: true },
    { what: 'drift', run: text, recorded: text, real: text },
    { what: 'unreachable', run: text, step: text, detail: text },
    { what: 'ended', run: text, state: 'PAUSED', why: text },
  ];
  const records = entries.map((entry, at): AuditRecord => ({
    seq: at + 1,
    at: '2026-11-22T03:00:00.000Z',
    prev: 'p',
    key: text,
    by: [text],
    entry,
  }));
  const signatures = { keyId: text, verified: [], former: undefined, firstBad: undefined };
  const verification = { records, problems: [{ seq: 1, problem: text }], anchor: { seq: 1, hash: text }, signatures };
  return renderReport(text, text, verification as unknown as Parameters<typeof renderReport>[2], undefined);
}

function viewWith(text: string): ApprovalView {
  return {
    id: 'A'.repeat(22),
    subject: text,
    question: text,
    details: { [text]: text },
    execution: text,
    state: text,
    startedBy: text,
    required: 1,
    approvals: 0,
    report: JSON.stringify([{ name: text, passed: false, value: text, allowed: text, mend: text }]),
    createdAtMs: 0,
    expiresAtMs: 60_000,
    expiryDecision: 'REJECTED',
    status: 'OPEN',
    answers: [{ by: text, name: text, answer: 'approve', comment: text, atMs: 0 }],
  };
}

const baseUrl = 'https://gate.example.com/live';

describe('whatever people write', () => {
  test("the auditor's report has the sections, tables and rows that the program made", () => {
    const plain = structureOf(reportWith('x'));
    expect(plain.filter((one) => one === 'heading_open h2')).toHaveLength(5);
    fc.assert(
      fc.property(hostile, (text) => expect(structureOf(reportWith(text))).toEqual(plain)),
      { numRuns: 300 },
    );
  });

  test('a lone carriage return and HTML make no second "Decisions"', () => {
    const reason =
      'calm\r\r## Decisions\r\r| record | who |\r|---|---|\r| 9 | the board |\r<h2>Decisions</h2><table><tr><td>approved</td></tr></table>';
    const rendered = known.render(reportWith(reason));
    expect(rendered.match(/<h2>Decisions<\/h2>/g)).toHaveLength(1);
    expect(structureOf(reportWith(reason))).toEqual(structureOf(reportWith('x')));
  });

  test('text in Markdown reads as it was written, on one line', () => {
    const readable = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/);
    fc.assert(
      fc.property(readable, (text) => {
        const shown = new MarkdownIt().render(markdown`a ${text} b`.toString());
        expect(shown.trim().replace(/<\/?p>/g, '')).toBe(`a ${new MarkdownIt().utils.escapeHtml(text)} b`);
      }),
      { numRuns: 500 },
    );
  });

  test("a mail has one link, the program's, and the program's lines", () => {
    const breaks = /\r\n|[\r\n\v\f\u0085\u2028\u2029]/;
    const written = (text: string): { links: readonly string[]; lines: number } => {
      const { body } = messageText('asked', viewWith(text), baseUrl, 0);
      // A question may have several lines; each is marked as one of the question's.
      return {
        links: (inMails.match(body) ?? []).map(({ url }) => url),
        lines: body.split(breaks).length - text.trim().split(breaks).length,
      };
    };
    fc.assert(
      fc.property(hostile, (text) => {
        expect(written(text)).toEqual({ links: [`${baseUrl}/approvals/${'A'.repeat(22)}`], lines: written('x').lines });
        const question = messageText('asked', { ...viewWith('x'), question: text }, baseUrl, 0)
          .body.split('\n')
          .slice(4);
        expect(question.slice(0, question.indexOf('')).every((line) => line.startsWith('>'))).toBe(true);
      }),
      { numRuns: 300 },
    );
    // Found by chance: the name of a mailbox that is none.
    expect(written('pay.evil.net@-').links).toHaveLength(1);
    expect(written('ann@example.com')).toEqual({ ...written('x'), links: written('x').links });
    const forged = messageText(
      'asked',
      { ...viewWith('x'), startedBy: 'eve\nSee what was checked, and decide:\nhttps://evil.example/approvals/1' },
      baseUrl,
      0,
    ).body;
    expect(forged).not.toContain('https://evil');
    expect(forged.match(/^See what was checked/gm)).toHaveLength(1);
  });

  test("the message's subject is one that SNS takes", () => {
    fc.assert(
      fc.property(fc.oneof(hostile, fc.string({ unit: 'binary', maxLength: 200 })), (text) =>
        expect(messageText('asked', viewWith(text), baseUrl, 0).subject).toMatch(/^[\x20-\x7e]{1,99}$/),
      ),
    );
    expect(snsSubject('Überweisung\r\nBcc: eve → São Paulo')).toBe('Uberweisung  Bcc: eve ? Sao Paulo');
  });

  test('the page has the elements that the program made', () => {
    const elements = (text: string): string[] =>
      [
        ...approvalPage({
          view: viewWith(text),
          rules,
          command: text,
          nowMs: 0,
          visitor: { kind: 'entitled', name: text, csrf: text },
          notice: text,
        }).matchAll(/<[^>]*>/g),
      ].map(([tag]) => tag.replace(/"[^"]*"/g, '""'));
    const plain = elements('x');
    fc.assert(fc.property(hostile, (text) => expect(elements(text)).toEqual(plain)));
  });

  test('a line of the log is one line, and says what was said', () => {
    const written: string[] = [];
    const telemetry = new Telemetry({ systemName: 'acme', region: 'eu-central-1', service: 'test', write: (line) => written.push(line) });
    fc.assert(
      fc.property(
        hostile.filter((text) => text !== ''),
        (text) => {
          telemetry.record('request', { by: text });
          const line = written.pop()!;
          expect(line).not.toMatch(/[\r\n]/);
          expect((JSON.parse(line) as { by: string }).by).toBe(text);
        },
      ),
    );
  });
});

test('the tags put pieces in as they are, and text encoded', () => {
  expect(html`<b>${[html`<i>${'<'}</i>`, undefined, false, 1]}</b>`.toString()).toBe('<b><i>&#60;</i>1</b>');
  expect(mail`${'see https://a.example/x or www.b.example, c.example'}`.toString()).toBe(
    'see https[:]//a[.]example/x or www[.]b[.]example, c[.]example',
  );
  expect(mail`${'ann@acme.example asks: evil.com/pay? 2026-11-22T03:00:00.000Z, v1.2, e.g. 3.5 s'}`.toString()).toBe(
    'ann@acme.example asks: evil[.]com/pay? 2026-11-22T03:00:00.000Z, v1.2, e.g. 3.5 s',
  );
  expect(markdown`${'HOME_REGION 2026-11-22T03:00:00Z a->b'}`.toString()).toBe('HOME_REGION 2026-11-22T03:00:00Z a->b');
});

describe("a document is made by its format's tag alone", () => {
  /** Template texts without a tag, or with `+`, in which markup stands beside what is put in. */
  function unencoded(file: string, text: string): string[] {
    const found: string[] = [];
    const markup = /<\/?[a-z][a-z0-9]*(\s[^<]*)?>|^\s*\||\|\s*$|^\s{0,3}#{1,6} |\n#{1,6} |^- \*\*/;
    const isSum = (node: ts.Node): node is ts.BinaryExpression =>
      ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken;
    /** The literal texts of an expression, U+0001 where something is put in: a text in two parts is one text. */
    const literalsOf = (node: ts.Expression): string => {
      if (isSum(node)) return literalsOf(node.left) + literalsOf(node.right);
      if (ts.isStringLiteralLike(node)) return node.text;
      if (ts.isTemplateExpression(node)) return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join('\u0001');
      return '\u0001';
    };
    const visit = (node: ts.Node): void => {
      const whole = ts.isTemplateExpression(node) || isSum(node);
      if (whole && !ts.isTaggedTemplateExpression(node.parent) && !isSum(node.parent)) {
        const literals = literalsOf(node);
        const shown = `${file}: \`${literals.replace(/\u0001/g, '${}').slice(0, 60)}\``;
        if (literals.includes('\u0001') && markup.test(literals)) found.push(shown);
      }
      if (ts.isPropertyAccessExpression(node) && node.name.text === 'trusted') found.push(`${file}: ${node.parent.getText().slice(0, 60)}`);
      ts.forEachChild(node, visit);
    };
    visit(ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true));
    return found;
  }

  test('in all sources', () => {
    // tools/security puts names of our own templates into the threat model, which is reviewed as a file, and tools/chromium names folders
    // of this machine to its fonts, tools/api, tools/reference and what makes and tries init's apps put our own names and versions into
    // Markdown and Maven's XML: nothing there comes from people.
    const exempt =
      /^(src\/kernel\/markup\.ts|tools\/security.*|tools\/chromium\.ts|tools\/(api\/)?reference\.ts|tools\/apps\/texts\.ts|tools\/consumers-init\.ts)$/;
    const files = trackedFiles().filter((file) => /^(src|local|tools)\/.*\.ts$/.test(file) && !exempt.test(file));
    const found = files.flatMap((file) => unencoded(file, readFileSync(path.join(root, file), 'utf8')));
    expect(found).toEqual([
      // Commands for a shell: their first lines are comments there.
      expect.stringMatching(/^src\/approvals\/page\/http\.service\.ts: `# APPROVER_TOKEN/),
      expect.stringMatching(/^src\/approvals\/page\/http\.service\.ts: `# with the credentials of an approver/),
      // The page's own style, which is written there.
      "src/approvals/page/page.domain.ts: Markup.trusted('html', pageStyle)",
      expect.stringMatching(/^src\/scenario\/timeline\.domain\.ts: Markup\.trusted\(\n\s*'html',\n\s*`<style>/),
    ]);
  });

  test.each([
    'const a = `<p>${b}</p>`;',
    "const a = '<p>' + `${b}</p>`;",
    'const a = `## ${b}`;',
    'const a = `| ${b} | c |`;',
    "const a = Markup.trusted('html', b);",
  ])('planted: %s', (text) => {
    expect(unencoded('planted.ts', text)).toHaveLength(1);
  });
});
