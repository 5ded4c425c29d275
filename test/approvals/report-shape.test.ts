import * as fc from 'fast-check';
import { GateSite } from './site';
import { rules } from './world';
import { ApprovalView } from '../../src/approvals/model';
import { messageText } from '../../src/approvals/page/message.domain';
import { approvalPage } from '../../src/approvals/page/page.domain';
import { blockOf, checksOf, checkText, plainSeconds, plainTime, readCheck } from '../../src/approvals/report-shape.domain';

const check = (name: string, passed: boolean, value = '712 ms', allowed = 'at most 500 ms'): object => ({
  name,
  passed,
  value,
  allowed,
  mend: passed ? '' : 'wait',
});
const cutoverReport = {
  phase: 0,
  at: '2026-11-22T03:00:00.000Z',
  passed: false,
  digest: 'f00d',
  checks: [check('ttl-lowered', true, '1 day'), check('replication-lag a->b', false)],
};

async function pageOf(report: unknown): Promise<string> {
  const site = new GateSite();
  return (await site.get(await site.world.ask({ report }), { Accept: 'text/html' })).body;
}

const words = (markup: string): string =>
  markup
    .replace(/<style>.*?<\/style>|<pre>.*?<\/pre>/gs, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
    .replace(/\s+/g, ' ');

describe('an approver sees', () => {
  test('the checks as a table, failing ones first, and no phase counted from 0', async () => {
    const text = words(await pageOf(cutoverReport));
    expect(text).toMatch(
      /Checks: 1 of 2 failed Check Found Allowed Passed replication-lag a->b 712 ms at most 500 ms NO ttl-lowered 1 day at most 500 ms yes Checked 2026-11-22 03:00 UTC What is asked/,
    );
    expect(text).not.toMatch(/Phase 0|phase 0|f00d|\[\{|"name"|\{"/);
  });

  test('the same in the mail and in what the audit keeps', () => {
    const view = {
      id: 'A'.repeat(22),
      subject: 's',
      question: 'q',
      details: {},
      report: JSON.stringify(cutoverReport),
      expiresAtMs: 0,
      expiryDecision: 'REJECTED',
      status: 'OPEN',
      answers: [],
      required: 1,
    } as unknown as ApprovalView;
    const { body } = messageText('asked', view, 'https://gate.example.com', 0);
    expect(body).toContain(
      'Checks: 1 of 2 failed\nFAILED  replication-lag a->b: found 712 ms; allowed at most 500 ms\npassed  ttl-lowered: found 1 day; ' +
        'allowed at most 500 ms\n',
    );
    for (const one of checksOf(view.report!)!) expect(readCheck(checkText(one))).toEqual(one);
    expect(messageText('asked', { ...view, report: '{"build": 7}' }, 'https://gate.example.com', 0).body).not.toContain('Checks');
  });

  test('the report of any state machine by its shape, and never JSON', async () => {
    const report = {
      build: 4711,
      approvedBy: ['ann', 'ben'],
      empty: {},
      none: [],
      at: '2026-11-22T03:00:00Z',
      nothing: null,
      sure: true,
      share: 0.25,
      amount: 1234567.5,
      tests: [
        { suite: 'unit', result: 'passed', seconds: 12 },
        { suite: 'e2e', result: 'failed', logs: ['a', { line: 3 }] },
      ],
      nested: { deep: { deeper: { deepest: [{ x: 1 }] } } },
    };
    const text = words(await pageOf(report));
    expect(text).not.toMatch(/[[{]\s*"|"\s*:|\[object|\\n/);
    for (const part of [
      'Build 4,711',
      'Approved by ann ben',
      'Sure yes',
      'Nothing -',
      'Share 0.25',
      'Amount 1,234,567.5',
      'At 2026-11-22 03:00 UTC',
      'Suite Result Seconds Logs',
      'unit passed 12',
      'Line 3',
      'X 1',
    ]) {
      expect(text).toContain(part);
    }
    for (const plain of ['a text', 7, true, ['a', 'b'], [[1, 2], [3]]]) expect(words(await pageOf(plain))).not.toMatch(/[[{"]/);
  });

  test('whatever its form, no bracket, brace or quote of JSON', () => {
    const word = fc.stringMatching(/^[a-z]{1,6}$/);
    const json = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        word,
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(word, tie('value'), { maxKeys: 4 }),
      ),
    })).value;
    fc.assert(
      fc.property(json, (report) => {
        const view = {
          id: 'A',
          subject: 's',
          question: 'q',
          details: {},
          report: JSON.stringify(report),
          execution: 'e',
          state: 's',
          createdAtMs: 0,
          expiresAtMs: 60_000,
          expiryDecision: 'REJECTED',
          status: 'OPEN',
          answers: [],
          required: 1,
          approvals: 0,
        };
        expect(words(approvalPage({ view: view as never, rules, command: '', nowMs: 0, visitor: { kind: 'unknown' } }))).not.toMatch(
          /[[\]{}"]|undefined|object/,
        );
      }),
    );
  });
});

test('rows that say whether they passed come failing ones first, and keep their own columns', () => {
  expect(
    blockOf(
      JSON.stringify([
        { name: 'a', passed: true, owner: 'ann' },
        { name: 'b', passed: false, owner: 'ben' },
      ]),
    ),
  ).toMatchObject({
    kind: 'rows',
    head: ['Name', 'Passed', 'Owner'],
    rows: [
      [{ text: 'b' }, { text: 'no' }, { text: 'ben' }],
      [{ text: 'a' }, { text: 'yes' }, { text: 'ann' }],
    ],
  });
  // A report with more to say says it.
  expect(JSON.stringify(blockOf(JSON.stringify({ checks: [{ name: 'a', passed: true }], build: 7 })))).toContain('Build');
  expect(blockOf('no JSON')).toEqual({ kind: 'text', text: 'no JSON' });
});

test('units as people write them', () => {
  expect([0.25, 1, 59, 60, 90, 600, 3_600, 86_399, 86_400, 172_800 + 3_600].map(plainSeconds)).toEqual([
    '250 ms',
    '1 second',
    '59 seconds',
    '1 minute',
    '1 minute 30 seconds',
    '10 minutes',
    '1 hour',
    '23 hours 59 minutes',
    '1 day',
    '2 days 1 hour',
  ]);
  expect(plainSeconds(0)).toBe('0 seconds');
  expect(plainTime('since 2026-11-22T03:00:00.000Z, until 2026-11-22T04:00Z')).toBe(
    'since 2026-11-22 03:00 UTC, until 2026-11-22 04:00 UTC',
  );
});
