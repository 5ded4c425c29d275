import { proofHeader } from '../../src/approvals/contract';
import { gateCalls } from '../../src/commands/gate/gate-call.aws';
import { FakeAws } from '../runtime/fake-aws';

let aws: FakeAws;
beforeEach(async () => {
  aws = await FakeAws.start({ AWS_SESSION_TOKEN: 'session' });
});
afterEach(() => aws.stop());

const send = (key?: string): ReturnType<ReturnType<typeof gateCalls>['send']> =>
  gateCalls().send('eu-central-1', {
    url: `${aws.url}/live/approvals/x`,
    body: '{"decision":"approve"}',
    ...(key === undefined ? {} : { key }),
  });

test('a call is signed for its region, proves who calls, and is sent once', async () => {
  aws.answer = () => ({ status: 409, body: { code: 'closed' } });
  expect(await send('k1')).toEqual({ status: 409, fields: { code: 'closed' } });
  expect(aws.calls).toHaveLength(1);
  const [{ service, region, path, headers, text }] = aws.calls;
  expect([service, region, path, text, headers['idempotency-key']]).toEqual([
    'execute-api',
    'eu-central-1',
    '/live/approvals/x',
    '{"decision":"approve"}',
    'k1',
  ]);
  expect(headers[proofHeader.toLowerCase()]).toEqual(expect.any(String));
  expect(JSON.stringify(headers)).not.toContain('"example"');
});

test('without a key none is sent; what is no JSON object has no fields', async () => {
  for (const body of ['<html>', '"text"', 'null']) {
    aws.answer = () => ({ status: 502, body });
    expect(await send()).toEqual({ status: 502, fields: {} });
  }
  expect(aws.calls[0].headers).not.toHaveProperty('idempotency-key');
});

test('no answer is thrown, and keys are made anew', async () => {
  aws.answer = () => 'hangUp';
  await expect(send()).rejects.toThrow();
  expect(aws.calls).toHaveLength(1);
  expect(gateCalls().newKey()).not.toBe(gateCalls().newKey());
});
