import { CallerFunction, Functions } from './functions';
import { EngineClient } from '../proxy/engine-client';
import { EngineDirectory, placeOf } from '../proxy/network';

export interface JudgeOptions {
  readonly engines: EngineDirectory;
  /** How long a decision is kept, milliseconds. Default 5,000. */
  readonly keepMs?: number;
}

/** A call that leaves its process, so that the emulator will not see it under its caller's own signature. */
export interface RedirectedCall {
  /** Region where the caller runs: its role and policies are there. */
  readonly region: string;
  readonly accessKeyId: string;
  readonly userAgent: string;
  /** For example `dynamodb:PutItem`. */
  readonly action: string;
  readonly resource: string;
}

export type Judgement = { readonly allowed: true } | { readonly allowed: false; readonly message: string };

export interface Judge {
  judge(call: RedirectedCall): Promise<Judgement>;
  /** The function of a region that calls itself so in its User-Agent. */
  caller(region: string, userAgent: string): Promise<CallerFunction | undefined>;
  close(): void;
}

const allowed: Judgement = { allowed: true };

/** Judges redirected calls by the calling function's role, as the emulator would have. */
export function createJudge(options: JudgeOptions): Judge {
  return new RoleJudge(options.engines, options.keepMs ?? 5000);
}

/** Whether the key is the account's root in the emulator: the CLI's, the front door's, and the run's own. */
export function isRootKey(accessKeyId: string): boolean {
  return accessKeyId === 'test' || /^\d{12}$/.test(accessKeyId);
}

/** The application ID that a function's SDK puts into its User-Agent. */
export function applicationId(userAgent: string): string | undefined {
  return /(?:^|\s)app\/([^\s]+)/.exec(userAgent)?.[1];
}

class RoleJudge implements Judge {
  private readonly client: EngineClient;
  private readonly functions: Functions;
  private readonly kept = new Map<string, { readonly until: number; readonly decision: Promise<string> }>();

  public constructor(engines: EngineDirectory, private readonly keepMs: number) {
    this.client = new EngineClient(engines);
    this.functions = new Functions(this.client, keepMs);
  }

  public async caller(region: string, userAgent: string): Promise<CallerFunction | undefined> {
    const id = applicationId(userAgent);
    return id === undefined ? undefined : this.functions.find(region, id);
  }

  public async judge(call: RedirectedCall): Promise<Judgement> {
    if (isRootKey(call.accessKeyId)) return allowed;
    const caller = await this.caller(call.region, call.userAgent);
    if (!caller) {
      return refusal(`User: ${call.accessKeyId} is not authorized to perform: ${call.action} on resource: ${call.resource} because the caller `
        + 'is no function of this region that the local run can tell by its AWS_SDK_UA_APP_ID');
    }
    const user = sessionArn(caller);
    const attempt = `User: ${user} is not authorized to perform: ${call.action} on resource: ${call.resource}`;
    if (call.accessKeyId !== caller.accessKeyId) return refusal(`${attempt} because the request is not signed with this function's credentials`);
    const decision = await this.decide(call.region, caller.roleArn, call.action, call.resource);
    if (decision === 'allowed') return allowed;
    if (decision === 'explicitDeny') return refusal(`${attempt} with an explicit deny in an identity-based policy`);
    return refusal(`${attempt} because no identity-based policy allows the ${call.action} action`);
  }

  public close(): void {
    this.client.close();
  }

  private decide(region: string, roleArn: string, action: string, resource: string): Promise<string> {
    const key = [region, roleArn, action, resource].join(' ');
    const kept = this.kept.get(key);
    if (kept && kept.until > Date.now()) return kept.decision;
    const decision = this.simulate(region, roleArn, action, resource);
    this.kept.set(key, { until: Date.now() + this.keepMs, decision });
    // A decision that could not be had is asked for again.
    decision.catch(() => this.kept.delete(key));
    return decision;
  }

  private async simulate(region: string, roleArn: string, action: string, resource: string): Promise<string> {
    const answer = await this.client.call({
      place: placeOf(region),
      service: 'iam',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        'Action': 'SimulatePrincipalPolicy',
        'Version': '2010-05-08',
        // The emulator looks a role up by its name, without a path.
        'PolicySourceArn': roleArn.replace(/:role\/.*\//, ':role/'),
        'ActionNames.member.1': action,
        'ResourceArns.member.1': resource,
      }).toString(),
    });
    const decision = /<EvalDecision>(\w+)<\/EvalDecision>/.exec(answer.body.toString())?.[1];
    if (!decision) throw new Error(`SimulatePrincipalPolicy for ${roleArn} in ${region} gave no decision: ${answer.body.toString().slice(0, 200)}`);
    return decision;
  }
}

function refusal(message: string): Judgement {
  return { allowed: false, message };
}

function sessionArn(caller: CallerFunction): string {
  const [, partition, , , account, role] = caller.roleArn.split(':');
  return `arn:${partition}:sts::${account}:assumed-role/${role.split('/').pop()}/${caller.name.slice(0, 64)}`;
}
