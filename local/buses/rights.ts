import type { BusPolicies } from './bus-policies';
import type { Policies } from '../iam/policies';
import { allowedByResource, statementsOf, type ResourceStatement } from '../iam/resource-policy';
import { AwsApiError, type AwsApi } from '../network/aws-api';

/** Who delivers: EventBridge for a rule, in the rule's region. */
export interface Deliverer {
  readonly region: string;
  readonly ruleArn: string;
}

/** Undefined: allowed. Otherwise the error code of EventBridge, and why. */
export type Refusal = { readonly code: string; readonly message: string } | undefined;

export interface RightsOptions {
  readonly api: AwsApi;
  readonly policies: Policies;
  readonly busPolicies: BusPolicies;
  readonly accountId: string;
  /** How long an answer is kept, milliseconds. Default 1,000. */
  readonly keepMs?: number;
}

const eventBridge = { service: 'events.amazonaws.com' } as const;

/** Whether EventBridge may deliver: by roles and by the targets' own policies, as they are at this moment. */
export class Rights {
  private readonly answers = new Map<string, { readonly until: number; readonly answer: Promise<Refusal> }>();

  constructor(private readonly options: RightsOptions) {}

  /** To another bus: the role must be EventBridge's to take and may put, and the bus's own policy must let it. */
  public bus(
    by: Deliverer,
    roleArn: string | undefined,
    busArn: string,
    event: { readonly source: string; readonly 'detail-type': string },
  ): Promise<Refusal> {
    const { source, 'detail-type': type } = event;
    return this.kept(`bus ${by.ruleArn} ${roleArn} ${busArn} ${source} ${type}`, async () => {
      if (roleArn === undefined) return refusal('NO_PERMISSIONS', `the target ${busArn} has no role`);
      const role = await this.role(by, roleArn, 'events:PutEvents', busArn);
      if (role) return role;
      const [, , , region, , resource] = busArn.split(':');
      const statements = this.options.busPolicies.statements(region, resource.split('/').pop()!);
      const allowed = allowedByResource(statements, {
        principal: { role: roleArn },
        action: 'events:PutEvents',
        resource: busArn,
        context: {
          ...this.context(by),
          'aws:principalarn': roleArn,
          'aws:principalaccount': this.options.accountId,
          'aws:principalisawsservice': 'false',
          'events:source': source,
          'events:detail-type': type,
          'events:eventbusinvocation': 'true',
        },
      });
      return allowed ? undefined : refusal('NO_PERMISSIONS', `no statement of the policy of ${busArn} lets ${roleArn} put events`);
    });
  }

  /** A role that EventBridge takes on: whether it can, and whether the role may. */
  public role(by: Deliverer, roleArn: string, action: string, resource: string): Promise<Refusal> {
    return this.kept(`role ${by.region} ${by.ruleArn} ${roleArn} ${action} ${resource}`, () =>
      this.judgeRole(by, roleArn, action, resource),
    );
  }

  private async judgeRole(by: Deliverer, roleArn: string, action: string, resource: string): Promise<Refusal> {
    const name = roleArn.split('/').pop()!;
    const trust = await this.options.policies.trust(by.region, name);
    if (trust === undefined) return refusal('FAILED_TO_ASSUME_ROLE', `the role ${roleArn} does not exist`);
    const trusted = allowedByResource(statementsOf(trust), {
      principal: eventBridge,
      action: 'sts:AssumeRole',
      resource: roleArn,
      context: this.context(by),
    });
    if (!trusted) return refusal('FAILED_TO_ASSUME_ROLE', `the trust policy of ${roleArn} does not let events.amazonaws.com take it on`);
    const decision = await this.options.policies.decideRole(by.region, roleArn, action, resource);
    return decision === 'allowed'
      ? undefined
      : refusal('NO_PERMISSIONS', `${roleArn} is not allowed to ${action} on ${resource} (${decision})`);
  }

  public queue(by: Deliverer, queueArn: string): Promise<Refusal> {
    return this.kept(`queue ${by.ruleArn} ${queueArn}`, () =>
      this.resource(by, queueArn, 'sqs:SendMessage', async () => {
        const QueueUrl = await this.options.api.queueUrl(by.region, queueArn);
        const { Attributes } = await this.options.api.json(by.region, 'sqs', 'GetQueueAttributes', {
          QueueUrl,
          AttributeNames: ['Policy'],
        });
        return statementsOf(Attributes?.Policy);
      }),
    );
  }

  public function(by: Deliverer, functionArn: string): Promise<Refusal> {
    return this.kept(`function ${by.ruleArn} ${functionArn}`, () =>
      this.resource(by, functionArn, 'lambda:InvokeFunction', async () => {
        const { Policy } = await this.options.api.get(
          by.region,
          'lambda',
          `/2015-03-31/functions/${encodeURIComponent(functionArn.split(':')[6])}/policy`,
        );
        return statementsOf(Policy);
      }),
    );
  }

  private async resource(by: Deliverer, arn: string, action: string, read: () => Promise<ResourceStatement[]>): Promise<Refusal> {
    let statements: ResourceStatement[];
    try {
      statements = await read();
    } catch (error) {
      if (!(error instanceof AwsApiError)) throw error;
      // A function without a policy is not found either: then nobody is allowed.
      return /NonExistentQueue|QueueDoesNotExist/.test(error.code)
        ? refusal('NO_RESOURCE', error.message)
        : refusal('NO_PERMISSIONS', `${arn} has no policy that lets EventBridge use it`);
    }
    const allowed = allowedByResource(statements, { principal: eventBridge, action, resource: arn, context: this.context(by) });
    return allowed ? undefined : refusal('NO_PERMISSIONS', `no statement of the policy of ${arn} lets ${by.ruleArn} use it`);
  }

  private context(by: Deliverer): Record<string, string> {
    return {
      'aws:sourcearn': by.ruleArn,
      'aws:sourceaccount': this.options.accountId,
      'aws:securetransport': 'true',
      'aws:principalisawsservice': 'true',
    };
  }

  private kept(key: string, ask: () => Promise<Refusal>): Promise<Refusal> {
    const known = this.answers.get(key);
    if (known && known.until > Date.now()) return known.answer;
    if (this.answers.size > 1000) this.answers.clear();
    const answer = ask();
    this.answers.set(key, { until: Date.now() + (this.options.keepMs ?? 1000), answer });
    answer.catch(() => this.answers.delete(key));
    return answer;
  }
}

function refusal(code: string, message: string): NonNullable<Refusal> {
  return { code, message };
}
