import {
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  IAMClient,
  SimulateCustomPolicyCommand,
  SimulatePrincipalPolicyCommand,
  paginateListAttachedRolePolicies,
  paginateListRolePolicies,
} from '@aws-sdk/client-iam';
import { conditionsHold, type ConditionContext, type Conditions } from './conditions';
import { engineClientConfig } from '../engine/engine-http';
import { EngineDirectory } from '../network/network';

export interface PolicyDocument {
  Statement: Statement | Statement[];
  Version?: string;
}
export interface Statement {
  Effect: 'Allow' | 'Deny';
  Condition?: Conditions;
  [element: string]: unknown;
}

export type Decision = 'allowed' | 'explicitDeny' | 'implicitDeny';

/** The roles and policies of each region's own emulator. */
export class Policies {
  private readonly clients = new Map<string, IAMClient>();

  public constructor(private readonly engines: EngineDirectory) {}

  /** All policy documents of a role, inline and attached. */
  public async documents(region: string, role: string): Promise<PolicyDocument[]> {
    const client = this.client(region);
    const documents: PolicyDocument[] = [];
    for await (const page of paginateListRolePolicies({ client }, { RoleName: role })) {
      for (const PolicyName of page.PolicyNames ?? []) {
        documents.push(decoded((await client.send(new GetRolePolicyCommand({ RoleName: role, PolicyName }))).PolicyDocument!));
      }
    }
    for await (const page of paginateListAttachedRolePolicies({ client }, { RoleName: role })) {
      for (const { PolicyArn } of page.AttachedPolicies ?? []) {
        const VersionId = (await client.send(new GetPolicyCommand({ PolicyArn }))).Policy!.DefaultVersionId;
        documents.push(decoded((await client.send(new GetPolicyVersionCommand({ PolicyArn, VersionId }))).PolicyVersion!.Document!));
      }
    }
    return documents;
  }

  /** Who may take a role on; undefined when there is no such role. */
  public async trust(region: string, role: string): Promise<PolicyDocument | undefined> {
    try {
      const { Role } = await this.client(region).send(new GetRoleCommand({ RoleName: role }));
      return decoded(Role!.AssumeRolePolicyDocument!);
    } catch (error) {
      if ((error as Error).name === 'NoSuchEntityException') return undefined;
      throw error;
    }
  }

  /** What a role may do, its statements' conditions included. */
  public async decideRole(
    region: string,
    roleArn: string,
    action: string,
    resource: string,
    context: ConditionContext = {},
  ): Promise<Decision> {
    const documents = await this.documents(region, roleArn.split('/').pop()!);
    if (!isConditional(documents)) return this.simulateRole(region, roleArn, action, resource);
    return this.simulateDocuments(region, settled(documents, { ...roleContext(region, roleArn), ...context }), action, resource);
  }

  /** The emulator's own decision for a role. */
  public async simulateRole(region: string, roleArn: string, action: string, resource: string): Promise<Decision> {
    const { EvaluationResults } = await this.client(region).send(
      new SimulatePrincipalPolicyCommand({
        // The emulator looks a role up by its name, without a path.
        PolicySourceArn: roleArn.replace(/:role\/.*\//, ':role/'),
        ActionNames: [action],
        ResourceArns: [resource],
      }),
    );
    return EvaluationResults![0].EvalDecision as Decision;
  }

  /** The emulator's own decision by documents whose conditions were settled. */
  public async simulateDocuments(
    region: string,
    documents: readonly PolicyDocument[],
    action: string,
    resource: string,
  ): Promise<Decision> {
    if (!documents.length) return 'implicitDeny';
    const { EvaluationResults } = await this.client(region).send(
      new SimulateCustomPolicyCommand({
        PolicyInputList: documents.map((document) => JSON.stringify(document)),
        ActionNames: [action],
        ResourceArns: [resource],
      }),
    );
    return EvaluationResults![0].EvalDecision as Decision;
  }

  public close(): void {
    for (const client of this.clients.values()) client.destroy();
  }

  private client(region: string): IAMClient {
    let client = this.clients.get(region);
    if (!client) {
      const engine = this.engines.engine(region);
      if (!engine) throw new Error(`no emulator runs for ${region}`);
      client = new IAMClient(engineClientConfig(engine, 'us-east-1'));
      this.clients.set(region, client);
    }
    return client;
  }
}

function decoded(document: string): PolicyDocument {
  return JSON.parse(document.startsWith('{') ? document : decodeURIComponent(document)) as PolicyDocument;
}

/** What every request of a role has, whatever it asks for. */
export function roleContext(region: string, roleArn: string): ConditionContext {
  return {
    'aws:principalarn': [roleArn],
    'aws:principalaccount': [roleArn.split(':')[4]],
    'aws:principalisawsservice': ['false'],
    'aws:requestedregion': [region],
    'aws:securetransport': ['true'],
  };
}

/** Whether a decision by the documents depends on more than action and resource. */
export function isConditional(documents: readonly PolicyDocument[]): boolean {
  return documents.some((document) => statements(document).some(({ Condition }) => Condition !== undefined));
}

/**
 * The documents as they are for one request, without conditions, of which the emulator's simulation takes no account: a statement whose
 * conditions do not hold goes. One with an operator that is not known allows nothing, and denies what it denies.
 */
export function settled(documents: readonly PolicyDocument[], context: ConditionContext): PolicyDocument[] {
  return documents
    .map((document) => ({ ...document, Statement: statements(document).flatMap((statement) => settledStatement(statement, context)) }))
    .filter((document) => document.Statement.length > 0);
}

function settledStatement({ Condition, ...rest }: Statement, context: ConditionContext): Statement[] {
  return conditionsHold(Condition, context, rest.Effect === 'Deny') ? [rest as Statement] : [];
}

function statements(document: PolicyDocument): Statement[] {
  return [document.Statement].flat();
}
