import type { ConditionContext } from './conditions';
import { CallerFunction, Functions } from './functions';
import { Decision, Policies, isConditional, roleContext, settled } from './policies';
import { isRootKey } from '../engine/credentials';
import { EngineClient } from '../network/engine-client';
import { EngineDirectory } from '../network/network';

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
  /** Condition keys of the request, for example `dynamodb:leadingkeys`, in lower case. */
  readonly context?: ConditionContext;
}

export type Judgement = { readonly allowed: true } | { readonly allowed: false; readonly message: string };

export interface Judge {
  judge(call: RedirectedCall): Promise<Judgement>;
  /** The function of a region that calls itself so in its User-Agent. */
  caller(region: string, userAgent: string): Promise<CallerFunction | undefined>;
  close(): void;
}

/** More than any app's roles, actions and resources; beyond it, all is asked for again. */
const answersKept = 2000;

const allowed: Judgement = { allowed: true };

/** Judges redirected calls by the calling function's role, as the emulator would have. */
export function createJudge(options: JudgeOptions): Judge {
  return new RoleJudge(options.engines, options.keepMs ?? 5000);
}

/** The application ID that a function's SDK puts into its User-Agent; Powertools adds a part of its own to it. */
export function applicationId(userAgent: string): string | undefined {
  return /(?:^|\s)app\/(\S+?)(?:[-/]PT[-/]\S*)?(?:\s|$)/.exec(userAgent)?.[1];
}

class RoleJudge implements Judge {
  private readonly client: EngineClient;
  private readonly functions: Functions;
  private readonly policies: Policies;
  private readonly answers = new Map<string, { readonly until: number; readonly answer: Promise<unknown> }>();

  public constructor(
    engines: EngineDirectory,
    private readonly keepMs: number,
  ) {
    this.client = new EngineClient(engines);
    this.functions = new Functions(this.client, keepMs);
    this.policies = new Policies(engines);
  }

  public async caller(region: string, userAgent: string): Promise<CallerFunction | undefined> {
    const id = applicationId(userAgent);
    return id === undefined ? undefined : this.functions.find(region, id);
  }

  public async judge(call: RedirectedCall): Promise<Judgement> {
    if (isRootKey(call.accessKeyId)) return allowed;
    const caller = await this.caller(call.region, call.userAgent);
    if (!caller) {
      return refusal(
        `User: ${call.accessKeyId} is not authorized to perform: ${call.action} on resource: ${call.resource} because the caller ` +
          'is not a function of this region that the local run can identify by its AWS_SDK_UA_APP_ID',
      );
    }
    const user = sessionArn(caller);
    const attempt = `User: ${user} is not authorized to perform: ${call.action} on resource: ${call.resource}`;
    if (call.accessKeyId !== caller.accessKeyId) {
      return refusal(`${attempt} because the request is not signed with this function's credentials`);
    }
    const decision = await this.decide(call, caller.roleArn);
    if (decision === 'allowed') return allowed;
    if (decision === 'explicitDeny') return refusal(`${attempt} with an explicit deny in an identity-based policy`);
    return refusal(`${attempt} because no identity-based policy allows the ${call.action} action`);
  }

  public close(): void {
    this.client.close();
    this.policies.close();
  }

  private async decide(call: RedirectedCall, roleArn: string): Promise<Decision> {
    const { region, action, resource } = call;
    const role = roleArn.split('/').pop()!;
    const documents = await this.kept(`documents ${region} ${role}`, () => this.policies.documents(region, role));
    if (!isConditional(documents)) {
      return this.kept(`role ${region} ${roleArn} ${action} ${resource}`, () =>
        this.policies.simulateRole(region, roleArn, action, resource),
      );
    }
    const forRequest = settled(documents, { ...roleContext(region, roleArn), ...call.context });
    return this.kept(`documents ${region} ${action} ${resource} ${JSON.stringify(forRequest)}`, () =>
      this.policies.simulateDocuments(region, forRequest, action, resource),
    );
  }

  private kept<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const known = this.answers.get(key);
    if (known && known.until > Date.now()) return known.answer as Promise<T>;
    const answer = ask();
    if (this.answers.size > answersKept) this.answers.clear();
    this.answers.set(key, { until: Date.now() + this.keepMs, answer });
    // What could not be had is asked for again.
    answer.catch(() => this.answers.delete(key));
    return answer;
  }
}

function refusal(message: string): Judgement {
  return { allowed: false, message };
}

function sessionArn(caller: CallerFunction): string {
  const [, partition, , , account, role] = caller.roleArn.split(':');
  return `arn:${partition}:sts::${account}:assumed-role/${role.split('/').pop()}/${caller.name.slice(0, 64)}`;
}
