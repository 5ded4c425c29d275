import { east, west } from './fake-run';
import { state, words } from './states';
import type { CutoverView } from '../../../local/cutover/model';
import { cutover } from '../../../local/page/views/cutover';
import { page } from '../../../local/page/views/layout';

const hostile = '"><img src=x onerror=alert(1)>\'`&<script>';

function view(change: Partial<CutoverView> = {}): CutoverView {
  return {
    state: 'NOT_STARTED',
    phase: 0,
    phases: [
      { targetPercent: 10, soakSeconds: 10, state: 'later' },
      { targetPercent: 100, soakSeconds: 10, state: 'later' },
    ],
    weights: { [east]: 100, [west]: 0 },
    home: east,
    history: [],
    source: east,
    target: west,
    approvers: ['ada@example.com', 'grace@example.com'],
    ...change,
  };
}

const shown = (change: Partial<CutoverView> = {}): string => words(cutover(state({ cutover: view(change) })));

test('before the first run: where everything is, and how to start', () => {
  expect(shown()).toContain('not started');
  expect(shown()).toContain(`${east} weight 100 ${west} weight 0 accounts are at home in ${east}`);
  expect(shown()).toMatch(/Start the cutover The person who starts it may not approve it\./);
  expect(shown()).not.toContain('Roll back');
  expect(shown()).toContain('Nothing is recorded yet.');
});

test('under way: phase, what it waits for, checks, what is recorded last', () => {
  const text = shown({
    state: 'RUNNING',
    phase: 1,
    step: 'Approval',
    startedBy: 'ada@example.com',
    phases: [
      { targetPercent: 10, soakSeconds: 10, state: 'current' },
      { targetPercent: 100, soakSeconds: 10, state: 'later' },
    ],
    openApproval: {
      approvalId: 'A'.repeat(22),
      url: `http://127.0.0.1:1/approvals/${'A'.repeat(22)}`,
      subject: '[Approval] 10 %?',
      at: '2026-11-22T03:00:00.000Z',
    },
    checks: {
      phase: 1,
      passed: false,
      checks: [
        { name: 'ttl-lowered', passed: false, value: 'TTL 60 s' },
        { name: 'target-healthy', passed: true, value: '14 of 16' },
      ],
    },
    history: Array.from({ length: 8 }, (_, at) => ({ at: '2026-11-22T03:00:00.000Z', what: `record ${at + 1}`, by: 'ada@example.com' })),
  });
  for (const part of [
    'under way',
    'at ‘Approval’',
    'started by ada@example.com',
    'people are asked [Approval] 10 %?',
    'Current: 10 %',
    '1 of 2 failed',
    'ttl-lowered',
    'Roll back',
    '2 earlier records',
  ]) {
    expect(text).toContain(part);
  }
  expect(text).not.toContain('Start again');
  expect(text.indexOf('record 8')).toBeLessThan(text.indexOf('record 1 '));
});

test('the audit says first who did what, when; what proves it is folded', () => {
  const run = 'arn:aws:states:eu-central-1:111122223333:execution:acme-pay-cutover:run-1';
  const history = [
    {
      at: '2026-11-22T03:00:00.000Z',
      what: 'run started: cutover',
      by: 'arn:aws:sts::111122223333:assumed-role/Starters/ada',
      more: 'plan sha256 0123456789abcdef',
    },
    { at: '2026-11-22T03:01:00.000Z', what: 'prechecks passed', by: run, more: 'report sha256 fedcba' },
  ];
  const markup = cutover(state({ cutover: view({ history }) })).toString();
  const open = markup.replace(/<details class="proof">.*?<\/details>/gs, '');
  expect(words(open)).toMatch(/the run prechecks passed .*assumed-role\/Starters\/ada run started: cutover/);
  expect(open).not.toMatch(/arn:aws|sha256/);
  for (const proof of ['report sha256 fedcba', run, 'plan sha256 0123456789abcdef']) expect(markup).toContain(proof);
});

test('checks: failing ones first, with what is allowed', () => {
  const checks = [
    { name: 'healthy', passed: true, value: '14 of 16', allowed: 'more than half' },
    { name: 'ttl', passed: false, value: '1 hour', allowed: 'at most 5 seconds' },
  ];
  const text = shown({ checks: { phase: 1, passed: false, checks } });
  expect(text).toMatch(/ttl 1 hour at most 5 seconds ▲ failed healthy 14 of 16 more than half ● passed/);
});

test("the link to an approval stays on this page's own address", () => {
  const openApproval = { approvalId: 'A'.repeat(22), url: `http://127.0.0.1:1/approvals/${'A'.repeat(22)}`, subject: 's', at: '' };
  const markup = cutover(state({ cutover: view({ openApproval }) })).toString();
  expect(markup).toContain(`href="/approvals/${'A'.repeat(22)}"`);
});

test.each([
  ['SUCCEEDED', 'succeeded'],
  ['ROLLED_BACK', 'rolled back'],
  ['PAUSED', 'paused'],
  ['FAILED', 'failed'],
] as const)('ended %s, and why', (ended, word) => {
  expect(shown({ state: ended, why: 'because of a test', weights: { [east]: 90, [west]: 10 } })).toMatch(
    new RegExp(`${word}.* because of a test.*Start again Roll back`),
  );
});

test('the comparison of the regions, under way and in the end', () => {
  expect(shown({ reconciliation: { rounds: 2, summary: 'the regions are being compared', unexplained: 0, final: false } })).toContain(
    'Reconciliation under way 2 rounds',
  );
  expect(shown({ reconciliation: { rounds: 1, summary: '7 items', unexplained: 0, final: true } })).toContain(
    'Reconciliation, final report 1 round: 7 items',
  );
});

test('the place is unknown the accounts are at home', () => {
  expect(shown({ home: undefined })).toContain('the place is unknown');
});

test('nothing hostile becomes an element', () => {
  const markup = page(
    state({
      cutover: view({
        state: 'PAUSED',
        source: hostile,
        target: hostile,
        why: hostile,
        step: hostile,
        startedBy: hostile,
        home: hostile,
        weights: { [hostile]: 1 },
        approvers: [hostile],
        openApproval: { approvalId: hostile, url: hostile, subject: hostile, at: hostile },
        history: [{ at: '2026-11-22T03:00:00.000Z', what: hostile, by: hostile }],
        checks: { phase: 1, passed: false, checks: [{ name: hostile, passed: false, value: hostile }] },
        reconciliation: { rounds: 1, summary: hostile, unexplained: 1, final: true },
      }),
    }),
  );
  expect(markup).not.toContain('<img');
  expect(markup).not.toMatch(/ (style|on\w+)=["']/);
  const ids = [...markup.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  expect(ids).toEqual([...new Set(ids)]);
});

test('an app that moves nothing has no such part', () => {
  expect(page(state())).not.toContain('live-cutover');
});
