import { generateKeyPairSync, sign } from 'node:crypto';
import type { CutoverFabric, ExecutionView, Mail, RecordStatus } from '../../../local/ground/model';
import { AuditLog } from '../../../src/cutover/audit/service';
import type { AuditEntry, RecordShape } from '../../../src/cutover/model';
import { TestSigner } from '../../cutover/signer';

export const source = 'us-east-1';
export const target = 'us-west-2';
export const people = ['ada@example.com', 'grace@example.com'];
export const run = 'arn:aws:states:us-west-2:000000000000:execution:acme-pay-cutover:1';
const machineArn = 'arn:aws:states:us-west-2:000000000000:stateMachine:acme-pay-cutover';
const value = (region: string): string => `d-1.execute-api.${region}.amazonaws.com`;

export const shapeOf = (share: number): RecordShape => ({
  ttlSeconds: 5,
  source: { value: value(source), weight: 100 - share },
  target: { value: value(target), weight: share },
});

/** State machines, mail and parameters that exist in this process only. */
export class FakeCutover implements CutoverFabric {
  public readonly started: unknown[] = [];
  public runs: ExecutionView[] = [];
  public mails: Mail[] = [];
  public home = source;
  public readonly texts = new Map<number, string>();
  /** Thrown by whatever asks the region of the state machine. */
  public lost?: Error;
  public weights = { [source]: 100, [target]: 0 };
  public readonly gates = [{ name: 'acme-pay-approvals', region: target, apiId: 'gate1', stage: 'prod', approvers: people }];
  public readonly machines = [
    {
      name: 'acme-pay-cutover',
      arn: machineArn,
      region: target,
      definition: {
        States: {
          Plan: {
            Parameters: {
              plan: {
                systemName: 'acme-pay',
                publicName: 'pay.example.com',
                source,
                target,
                mode: 'HOME_REGION',
                phases: [10, 100].map((share) => ({ target: share, soakSeconds: 10 })),
                prechecks: { attestations: ['documents-backfilled'] },
              },
            },
          },
        },
      },
    },
  ];
  private readonly keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  private readonly signer = new TestSigner('fake');
  private readonly log = new AuditLog(
    {
      put: async (seq, text) => {
        this.texts.set(seq, text);
        return 'written';
      },
      read: async (seqs) => new Map(seqs.flatMap((seq) => (this.texts.has(seq) ? [[seq, this.texts.get(seq)!] as const] : []))),
      list: async () => ({ texts: this.texts, others: [] }),
    },
    this.signer,
    { nowMs: () => Date.UTC(2026, 10, 22, 3), sleep: async () => undefined },
  );

  public get approverKeys(): Record<string, unknown>[] {
    return [{ ...this.keys.publicKey.export({ format: 'jwk' }), kid: 'gate', alg: 'RS256' }];
  }

  public async record(key: string, entry: AuditEntry, by: string[] = [run]): Promise<number> {
    return (await this.log.append(() => ({ key, by, entry }))).seq;
  }

  /** Weights in the audit and in the records, as a change leaves them. */
  public async weigh(share: number): Promise<void> {
    const intent = await this.record(`weigh-${share}`, { what: 'intent', run, kind: share === 0 ? 'create' : 'shift', to: shapeOf(share) });
    await this.record(`weigh-${share}/changed`, {
      what: 'changed',
      run,
      intent,
      kind: share === 0 ? 'create' : 'shift',
      weights: { source: 100 - share, target: share },
      inSync: true,
    });
    this.weights = { [source]: 100 - share, [target]: share };
  }

  public running(change: Partial<ExecutionView> = {}): void {
    this.runs = [
      {
        arn: run,
        machine: 'acme-pay-cutover',
        region: target,
        status: 'RUNNING',
        startedAt: '2026-11-22T03:00:00.000Z',
        input: { startedBy: people[0] },
        state: 'Soak',
        waitsForToken: false,
        ...change,
      },
    ];
  }

  public records(): RecordStatus[] {
    return Object.entries(this.weights).map(([region, weight]) => ({
      name: 'pay.example.com',
      type: 'CNAME',
      routing: 'weighted',
      region,
      weight,
      ttl: 5,
      value: value(region),
      healthy: true,
    }));
  }

  public mailOf(approvalId: string, at = '2026-11-22T03:00:30.000Z'): Mail {
    const link = `http://127.0.0.1:4580/approvals/${approvalId}`;
    return { at, to: people, subject: '[Approval] acme-pay: 10 %?', body: `decide: ${link}`, links: [link] };
  }

  public async start(arn: string, input: unknown): Promise<{ executionArn: string }> {
    if (this.lost) throw this.lost;
    this.started.push({ arn, input });
    this.running({ input });
    return { executionArn: run };
  }

  public async stop(): Promise<void> {
    this.runs = [];
  }

  public executions(): readonly ExecutionView[] {
    return this.runs;
  }

  public mail(): readonly Mail[] {
    return this.mails;
  }

  public async parameters(): ReturnType<CutoverFabric['parameters']> {
    if (this.lost) throw this.lost;
    return [...this.texts].map(([seq, text]) => ({
      name: `/acme-pay/cutover/audit/${String(seq).padStart(6, '0')}`,
      value: text,
      at: '2026-11-22T03:00:00.000Z',
    }));
  }

  public async publicKey(): ReturnType<CutoverFabric['publicKey']> {
    return { arn: this.signer.arn, publicKey: this.signer.publicKey };
  }

  public async invoke(): Promise<unknown> {
    if (this.lost) throw this.lost;
    return { kind: 'status', units: [{ unit: 0, home: this.home }] };
  }

  public approverToken(name: string, claims: Readonly<Record<string, unknown>> = {}, lifetimeSeconds = 600): string {
    const now = Math.floor(Date.now() / 1000);
    const parts = [
      { alg: 'RS256', typ: 'JWT', kid: 'gate' },
      { sub: name, email: name, email_verified: true, iat: now, exp: now + lifetimeSeconds, ...claims },
    ];
    const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    return `${text}.${sign('sha256', Buffer.from(text), this.keys.privateKey).toString('base64url')}`;
  }

  public forceAlarm(): boolean {
    return false;
  }

  public skipFaults(): void {}

  public async route53(): Promise<{ status: number; body: string }> {
    return { status: 200, body: '' };
  }
}
