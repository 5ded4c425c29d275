import { setTimeout as sleep } from 'node:timers/promises';
import { GetBucketReplicationCommand, PutBucketReplicationCommand, type ReplicationConfiguration, S3Client } from '@aws-sdk/client-s3';
import { GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { BackfillState } from '../../local/documents/backfill-run';
import type { LocalRun } from '../../local/run';
import { type ParityRecord, parityRecordName } from '../../src/documents/contract';
import { turns } from '../turns';

/** A document's version, or the mark of its deletion, as the front door lists it. */
export interface ListedVersion {
  readonly key: string;
  readonly versionId: string;
  readonly deleteMarker?: boolean;
}

const systemName = 'acme-pay';

/** Documents of a run, as an application and an operator work on them. */
export class DocumentRun {
  constructor(
    private readonly run: LocalRun,
    private readonly from: string,
    private readonly to: string,
  ) {}

  public put(key: string, body: string): Promise<ListedVersion> {
    return this.call('PUT', `${this.from}/${key}`, body);
  }

  public remove(region: string, key: string, versionId?: string): Promise<ListedVersion> {
    return this.call('DELETE', `${region}/${key}${versionId === undefined ? '' : `?versionId=${versionId}`}`);
  }

  public list(region: string): Promise<readonly ListedVersion[]> {
    return this.call('GET', region);
  }

  /** Runs a backfill to its end, with something done when its job has begun. */
  public async backfill(meanwhile: () => void = () => undefined): Promise<BackfillState> {
    await this.call('POST', 'backfill', JSON.stringify({ from: this.from, to: this.to }));
    const turn = turns('the backfill', 400);
    for (let state = await this.call<BackfillState>('GET', 'backfill'); ; state = await this.call<BackfillState>('GET', 'backfill')) {
      if (state.state !== 'RUNNING') return state;
      meanwhile();
      turn();
      await sleep(200);
    }
  }

  /** Does something while the bucket has no rule in force, as before the first deployment of its rules. */
  public async beforeRules(work: () => Promise<void>): Promise<void> {
    const client = new S3Client({ ...this.aws(this.from), forcePathStyle: true });
    const bucket = this.run.stacks
      .flatMap(({ physicalIds }) => Object.values(physicalIds))
      .find((id) => id.startsWith(`${systemName}-docs-`) && id.endsWith(`-${this.from}`))!;
    try {
      const { ReplicationConfiguration: rules } = await client.send(new GetBucketReplicationCommand({ Bucket: bucket }));
      const set = (Status: 'Enabled' | 'Disabled'): Promise<unknown> => {
        const changed: ReplicationConfiguration = { ...rules!, Rules: rules!.Rules!.map((rule) => ({ ...rule, Status })) };
        return client.send(new PutBucketReplicationCommand({ Bucket: bucket, ReplicationConfiguration: changed }));
      };
      await set('Disabled');
      await work();
      await set('Enabled');
    } finally {
      client.destroy();
    }
  }

  /** Changes what the last comparison left, as time or a person would. */
  public async changeRecord(change: (record: ParityRecord) => ParityRecord): Promise<void> {
    const client = new SSMClient(this.aws(this.to));
    const Name = parityRecordName(systemName, { from: this.from, to: this.to });
    try {
      const { Parameter: parameter } = await client.send(new GetParameterCommand({ Name }));
      const Value = JSON.stringify(change(JSON.parse(parameter!.Value!) as ParityRecord));
      await client.send(new PutParameterCommand({ Name, Value, Type: 'String', Overwrite: true }));
    } finally {
      client.destroy();
    }
  }

  private aws(region: string): { region: string; endpoint: string; credentials: { accessKeyId: string; secretAccessKey: string } } {
    return { region, endpoint: `${this.run.url}/_local/aws/${region}`, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };
  }

  private async call<T = ListedVersion>(method: string, path: string, body?: string): Promise<T> {
    const answer = await fetch(`${this.run.url}/_local/documents/${path}`, { method, body });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }
}
