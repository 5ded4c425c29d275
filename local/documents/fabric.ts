import { type CopyRule, DocumentBucket } from './bucket';
import { Copier, type CopyMeasures } from './copier';
import { CopyJobs } from './jobs';
import type { FabricResource, Links } from '../ground/model';

/** Between two looks at what is due, milliseconds. */
const turnMs = 20;

export interface DocumentFabricOptions {
  readonly links: Pick<Links, 'get'>;
  readonly regionRuns: (region: string) => boolean;
  readonly measures: CopyMeasures;
  readonly nowMs?: () => number;
}

/** All buckets that are copied, or copied to. Others are the emulator's. */
export class DocumentFabric {
  public readonly copier: Copier;
  public readonly jobs: CopyJobs;
  public readonly nowMs: () => number;
  private readonly regionByName = new Map<string, string>();
  private readonly oldVersionDays = new Map<string, number | undefined>();
  private readonly served = new Map<string, DocumentBucket>();
  private timer?: NodeJS.Timeout;

  constructor({ links, regionRuns, measures, nowMs = Date.now }: DocumentFabricOptions) {
    this.nowMs = nowMs;
    this.copier = new Copier({ links, regionRuns, measures, nowMs, bucket: (name) => this.served.get(name) });
    this.jobs = new CopyJobs(this.copier, nowMs);
  }

  /** Before the deployment: where the buckets of the templates are. */
  public declare(resources: readonly FabricResource[]): void {
    for (const { type, region, properties } of resources) {
      const { BucketName: name, VersioningConfiguration: versioning } = properties;
      if (type === 'AWS::S3::Bucket' && typeof name === 'string' && versioning?.Status === 'Enabled') {
        this.regionByName.set(name, region);
        this.oldVersionDays.set(name, oldVersionDaysOf(properties));
      }
    }
  }

  /** After a deployment: rules that stand in a template itself. */
  public useTemplates(resources: readonly FabricResource[]): void {
    this.declare(resources);
    for (const { type, properties } of resources) {
      const rules = properties.ReplicationConfiguration?.Rules as readonly Record<string, any>[] | undefined;
      if (type === 'AWS::S3::Bucket' && rules) this.setRules(String(properties.BucketName), rules.map(ruleOfTemplate));
    }
  }

  /** Sets the rules of a bucket; what is wrong with them otherwise, as S3 says it. */
  public setRules(name: string, rules: readonly CopyRule[]): string | undefined {
    const missing = [name, ...rules.map(({ destination }) => destination)].find((one) => !this.regionByName.has(one));
    if (missing !== undefined) return `the bucket ${missing} does not exist, or has no versions`;
    for (const one of [name, ...rules.map(({ destination }) => destination)]) this.serve(one);
    this.served.get(name)!.rules = rules;
    return undefined;
  }

  /** A bucket of the fabric's; undefined for one that is not copied. */
  public bucket(name: string): DocumentBucket | undefined {
    return this.served.get(name);
  }

  /** The bucket of a region. */
  public bucketIn(region: string): DocumentBucket | undefined {
    return [...this.served.values()].find((one) => one.region === region);
  }

  public buckets(): readonly DocumentBucket[] {
    return [...this.served.values()];
  }

  public close(): void {
    clearInterval(this.timer);
  }

  /** What is copied has to be looked at from the first bucket on. */
  private serve(name: string): void {
    if (!this.served.has(name)) {
      this.served.set(name, new DocumentBucket(name, this.regionByName.get(name)!, this.oldVersionDays.get(name)));
    }
    this.timer ??= setInterval(() => {
      if (!this.copier.isIdle) this.copier.turn();
    }, turnMs).unref();
  }
}

function oldVersionDaysOf({ LifecycleConfiguration: lifecycle }: FabricResource['properties']): number | undefined {
  const rules = (lifecycle?.Rules ?? []) as readonly Record<string, any>[];
  return rules.map(({ NoncurrentVersionExpiration: end }) => end?.NoncurrentDays as number | undefined).find((days) => days !== undefined);
}

const bucketOfArn = (arn: unknown): string => String(arn).split(':').pop()!;

function ruleOfTemplate(rule: Record<string, any>): CopyRule {
  return {
    id: String(rule.Id ?? ''),
    isEnabled: rule.Status === 'Enabled',
    destination: bucketOfArn(rule.Destination?.Bucket),
    copiesDeletions: rule.DeleteMarkerReplication?.Status === 'Enabled',
    prefix: String(rule.Filter?.Prefix ?? rule.Prefix ?? ''),
  };
}
