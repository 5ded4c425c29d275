import type { LocalRun } from '../../local/run';
import { timePasses, until } from '../waits';

const [east, west] = ['us-east-1', 'us-west-2'];

interface Listed {
  readonly key: string;
  readonly versionId: string;
  readonly deleteMarker?: boolean;
}

async function listed(run: LocalRun, region: string): Promise<Listed[]> {
  return (await (await fetch(`${run.url}/_local/documents/${region}`)).json()) as Listed[];
}

/** Waits until a region has a version of a document. */
async function copiedTo(run: LocalRun, region: string, holds: (version: Listed) => boolean): Promise<void> {
  await until(`the copy in ${region}`, async () => (await listed(run, region)).some(holds));
}

/** What the documents of a running example do, by the rules that its deployment has set. Declares tests. */
export function documentTests(run: () => LocalRun): void {
  const documents = (path: string, init: RequestInit = {}): Promise<Response> => fetch(`${run().url}/_local/documents/${path}`, init);
  const list = (region: string): Promise<Listed[]> => listed(run(), region);
  const copied = (region: string, holds: (version: Listed) => boolean): Promise<void> => copiedTo(run(), region, holds);

  test('a document that is put in one region is read in the other, both ways, with its version', async () => {
    for (const [from, to, key] of [
      [east, west, 'statements/one'],
      [west, east, 'statements/two'],
    ]) {
      const put = await documents(`${from}/${key}`, { method: 'PUT', body: `from ${from}`, headers: { 'content-type': 'text/plain' } });
      const { versionId } = (await put.json()) as Listed;
      await copied(to, (one) => one.versionId === versionId);
      const read = await documents(`${to}/${key}`);
      expect([await read.text(), read.headers.get('content-type')]).toEqual([`from ${from}`, 'text/plain']);
    }
  });

  test('while the link is cut nothing comes, and all comes afterwards, deletions too', async () => {
    run().links.set(east, west, { partitioned: true });
    try {
      await documents(`${east}/statements/one`, { method: 'DELETE' });
      await documents(`${east}/statements/three`, { method: 'PUT', body: 'three' });
      await timePasses(500, 'nothing may come over the cut link');
      expect((await documents(`${west}/statements/one`)).status).toBe(200);
      expect((await documents(`${west}/statements/three`)).status).toBe(404);
    } finally {
      run().links.set(east, west, { partitioned: false });
    }
    await copied(west, ({ key }) => key === 'statements/three');
    expect((await documents(`${west}/statements/one`)).status).toBe(404);
    expect((await list(west)).filter(({ key }) => key === 'statements/one').map(({ deleteMarker }) => deleteMarker)).toEqual([
      true,
      undefined,
    ]);
  });
}

/** What the run gives its backfill as the time for which a document may be on its way, and a second. */
const settleMs = 11_000;

/** The package's own command against the run. Declares tests. */
export function backfillTests(run: () => LocalRun): void {
  const call = async (path: string, init: RequestInit = {}): Promise<{ status: number; body: any }> => {
    const answer = await fetch(`${run().url}/_local/documents/${path}`, init);
    return { status: answer.status, body: await answer.json() };
  };
  const backfill = async (): Promise<any> => {
    const started = await call('backfill', { method: 'POST', body: JSON.stringify({ from: east, to: west }) });
    expect(started).toMatchObject({ status: 202, body: { state: 'RUNNING' } });
    const over = async (): Promise<any> => {
      const { body } = await call('backfill');
      return body.state !== 'RUNNING' && body;
    };
    return until('the end of the backfill', over, { withinMs: 60_000, everyMs: 200 });
  };

  test('a version that was removed from the copy by hand is in the report; without that both are equal', async () => {
    const { body: put } = await call(`${east}/by-hand`, { method: 'PUT', body: 'x' });
    const putAt = Date.now();
    // A removal that came before the copy would remove nothing.
    await copiedTo(run(), west, ({ versionId }) => versionId === put.versionId);
    expect(await backfill()).toMatchObject({ state: 'DONE', failed: 0, report: { equal: true, differences: [] } });
    expect((await call(`${west}/by-hand?versionId=${put.versionId}`, { method: 'DELETE' })).status).toBe(200);
    await timePasses(putAt + settleMs - Date.now(), 'a younger document may be on its way, so the report leaves it out');
    expect(await backfill()).toMatchObject({
      state: 'DONE',
      report: { equal: false, differences: [{ key: 'by-hand', versionId: put.versionId, why: 'the copy has not got this version' }] },
    });
  });
}
