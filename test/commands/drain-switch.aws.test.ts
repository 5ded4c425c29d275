import { drainSwitch } from '../../src/commands/verify/drain-switch.aws';
import { FakeAws } from '../runtime/fake-aws';

let aws: FakeAws;
beforeAll(async () => {
  aws = await FakeAws.start();
});
afterAll(() => aws.stop());

test.each([
  ['an hour ahead', 3_600_000],
  ['an hour behind', -3_600_000],
])("the end of a drain is told in AWS's time, where it is %s of the terminal's", async (_, aheadMs) => {
  aws.answer = () => ({ headers: { date: new Date(Date.now() + aheadMs).toUTCString() } });
  const own = await drainSwitch('us-east-1', {
    regions: ['us-east-1', 'us-west-2'],
    systemName: 'acme-pay',
    run: 'run-1',
    clients: () => ({}),
  });
  expect(await own.drain('us-east-1', 100_000)).toBe(true);
  const { Item } = aws.calls.at(-1)!.input;
  const expected = Date.now() + aheadMs + 100_000 + 300_000;
  expect(Math.abs(Number(Item.drainedUntil.N) - expected)).toBeLessThan(60_000);
});
