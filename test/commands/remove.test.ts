import { FakeAccount } from './fake-account';
import { Removal, RemovalRequest, RemovalResult } from '../../src/commands/remove/service';

const request: RemovalRequest = { systemName: 'acme-pay', regions: ['us-east-1', 'us-west-2'], tables: [], dryRun: false, keepKeys: false };
const run = (account: FakeAccount, more: Partial<RemovalRequest> = {}): Promise<RemovalResult> =>
  new Removal(account, { ...request, ...more }).run();

function strongSystem(): FakeAccount {
  const account = new FakeAccount();
  account.add('acme-pay-ledger', ['us-east-1', 'us-west-2'], { strong: true, witnesses: ['us-east-2'] });
  for (const region of ['us-east-1', 'us-west-2']) account.keys.set(region, `key-${region}`);
  account.answer = 'acme-pay';
  return account;
}

function homeSystem(): FakeAccount {
  const account = new FakeAccount();
  account.add('acme-pay-ledger', ['us-east-1', 'eu-central-1', 'ap-south-1']);
  account.add('acme-pay-authority', ['us-east-1', 'us-east-2'], { strong: true, witnesses: ['us-west-2'] });
  account.add('acme-pay-recorder-inbox', ['us-east-1', 'eu-central-1'], { separate: true });
  for (const region of ['us-east-1', 'eu-central-1', 'ap-south-1']) account.keys.set(region, `key-${region}`);
  account.answer = 'acme-pay';
  return account;
}

const homes = { regions: ['us-east-1', 'eu-central-1', 'ap-south-1', 'us-east-2'], tables: ['acme-pay-recorder-inbox'] };

test('a STRONG system goes member by member, each step after the end of the one before, keys last', async () => {
  const account = strongSystem();
  expect(await run(account)).toEqual({ outcome: 'removed', tables: ['acme-pay-ledger'], keys: ['us-east-1', 'us-west-2'] });
  expect(account.calls).toEqual([
    'unprotect acme-pay-ledger us-east-1',
    'unprotect acme-pay-ledger us-west-2',
    'dissolve us-west-2+us-east-2 acme-pay-ledger us-east-1',
    'delete acme-pay-ledger us-east-1',
    'schedule us-east-1',
    'schedule us-west-2',
  ]);
  expect([account.tables.size, account.keys.size, account.scheduled]).toEqual([
    0,
    0,
    ['us-east-1 key-us-east-1 30', 'us-west-2 key-us-west-2 30'],
  ]);
});

test("a HOME_REGION system too: one replica at a time, the authority, and a team's own tables", async () => {
  const account = homeSystem();
  expect(await run(account, homes)).toMatchObject({
    outcome: 'removed',
    tables: ['acme-pay-recorder-inbox', 'acme-pay-ledger', 'acme-pay-authority'],
  });
  expect(account.calls.filter((call) => call.startsWith('dissolve'))).toEqual([
    'dissolve eu-central-1 acme-pay-ledger us-east-1',
    'dissolve ap-south-1 acme-pay-ledger us-east-1',
    'dissolve us-east-2+us-west-2 acme-pay-authority us-east-1',
  ]);
  expect([account.tables.size, account.scheduled.length]).toEqual([0, 3]);
});

test.each(['unprotect', 'dissolve us-west-2+us-east-2', 'delete'])(
  'a refused %s ends it before any key, and the same command goes on from there',
  async (call) => {
    const account = strongSystem();
    account.refuse = call;
    expect(await run(account)).toMatchObject({ outcome: 'stopped', why: `AccessDeniedException: not authorized to ${call}` });
    expect([account.scheduled, account.keys.size]).toEqual([[], 2]);
    expect(await run(account)).toMatchObject({ outcome: 'removed' });
    expect(account.tables.size).toBe(0);
  },
);

test('a table that never comes to rest ends it with what was waited for', async () => {
  const account = strongSystem();
  account.tables.get('acme-pay-ledger')!.copies.get('us-west-2')!.busyUntil = Infinity;
  expect(await run(account)).toEqual({
    outcome: 'stopped',
    at: 'wait until acme-pay-ledger in us-west-2 takes changes',
    why: expect.stringContaining('this did not happen within 20 minutes'),
    done: ['switch off the deletion protection of acme-pay-ledger in us-east-1'],
  });
  expect(account.scheduled).toEqual([]);
});

describe('nothing is changed', () => {
  const unchanged = (account: FakeAccount): void => expect([account.calls, account.keys.size]).toEqual([[], 2]);

  test.each([
    ['another name', 'acme-pays'],
    ['nothing', undefined],
    ['yes', 'yes'],
  ])("when asked for the system's name the answer is %s", async (_name, answer) => {
    const account = strongSystem();
    account.answer = answer;
    expect(await run(account)).toEqual({ outcome: 'refused', why: expect.stringMatching(/not 'acme-pay': nothing was changed/) });
    unchanged(account);
  });

  test('while the payments function stands in a region', async () => {
    const account = strongSystem();
    account.functions.push('acme-pay-payments@us-west-2');
    expect(await run(account)).toEqual({
      outcome: 'refused',
      why: expect.stringContaining('the function acme-pay-payments still stands in us-west-2'),
    });
    unchanged(account);
  });

  test('when a copy is in a region that was not named', async () => {
    const account = strongSystem();
    expect(await run(account, { regions: ['us-east-1'] })).toEqual({
      outcome: 'refused',
      why: expect.stringContaining('acme-pay-ledger has a copy in us-west-2, which was not named'),
    });
    unchanged(account);
  });

  test('by a dry run, which shows tables, copies, witnesses and keys', async () => {
    const account = strongSystem();
    expect(await run(account, { dryRun: true })).toEqual({ outcome: 'shown' });
    unchanged(account);
    expect(account.said).toEqual([
      'table acme-pay-ledger in us-east-1 (about 7 items, protected), us-west-2 (about 7 items, protected), witness in us-east-2',
      'key alias/acme-pay-ledger in us-east-1 (key-us-east-1), deleted 30 days later',
      'key alias/acme-pay-ledger in us-west-2 (key-us-west-2), deleted 30 days later',
    ]);
  });

  test('of a system that is not there', async () => {
    expect(await run(new FakeAccount())).toEqual({
      outcome: 'refused',
      why: expect.stringContaining("there is no table and no key of 'acme-pay'"),
    });
  });
});

test('keys stay when that is asked for', async () => {
  const account = strongSystem();
  expect(await run(account, { keepKeys: true })).toEqual({ outcome: 'removed', tables: ['acme-pay-ledger'], keys: [] });
  expect(account.keys.size).toBe(2);
});
