import { CutoverRun, source, target } from './cutover-run';

jest.setTimeout(1_800_000);

let cutover: CutoverRun;

beforeAll(async () => {
  cutover = await CutoverRun.open();
});

afterAll(async () => cutover?.close());

interface Shown {
  readonly setIdentifier: string;
  readonly weight: number;
  readonly ttl: number;
}

async function records(): Promise<Shown[]> {
  const { dns } = (await cutover.client.once({ path: '/_local/status' })).body as { dns: (Shown & { routing: string })[] };
  return dns.filter(({ routing }) => routing === 'weighted').map(({ setIdentifier, weight, ttl }) => ({ setIdentifier, weight, ttl }));
}

const weightsOf = (shown: readonly Shown[]): number[] => shown.map(({ weight }) => weight);

test(
  'a second deployment in mid-cutover leaves the weights alone, whether it changes nothing or the records themselves, and the ' +
    'run goes on',
  async () => {
    await cutover.start();
    await cutover.decide('approve');
    await cutover.approvers.until('half of it has moved', ({ weights }) => weights[target] === 50);
    const before = await records();
    expect(weightsOf(before)).toEqual([50, 50]);
    const waiting = (await cutover.approvers.asked()).approvalId;

    await cutover.run.redeploy();
    expect(await records()).toEqual(before);

    // Nobody decides in so short a time after two deployments: what counts is that the run still stands where it stood.
    const open = (await cutover.approvers.view()).openApproval?.approvalId;
    if (open !== undefined) expect(open).toBe(waiting);
    await cutover.run.redeploy({ recordTtl: '4' });
    const after = await records();
    expect(weightsOf(after)).toEqual([50, 50]);
    expect(after.map(({ ttl }) => ttl)).toEqual([4, 4]);
    const audit = await cutover.audit();
    const last = audit.filter(({ entry }) => entry.what === 'changed').at(-1)!;
    expect(last).toMatchObject({ by: [expect.stringMatching(/^cloudformation /)], entry: { weights: { source: 50, target: 50 } } });

    // What was deployed meanwhile is not what stands: the next run takes up the recorded weights.
    await cutover.approvers.until('the first run has ended', ({ state }) => state !== 'RUNNING', 120_000);
    const end = await cutover.rollBack();
    expect(end).toMatchObject({ state: 'ROLLED_BACK', weights: { [source]: 100, [target]: 0 } });
    expect(await cutover.unbroken()).toBe(true);
  },
);
