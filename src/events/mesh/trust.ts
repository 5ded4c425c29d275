import { Stack } from 'aws-cdk-lib';
import { CfnEventBusPolicy, EventBus } from 'aws-cdk-lib/aws-events';
import { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import { functionRoleName, ledgerEventSource, meshEventSource, NamedRole, reservedTypes } from '../contract';

export interface MeshTrustProps {
  readonly systemName: string;
  readonly region: string;
  /** Names of the roles that bring peers' events. */
  readonly senders: readonly string[];
  /** Regions whose outboxes put on this bus. */
  readonly publishingRegions: readonly string[];
}

/**
 * Keeps the system's own sources and types for those who speak under them: every other principal of the account is denied them, whatever
 * its own policies allow. By name, since a policy whose principal is not there yet is refused. A peer's events come by the forwarding
 * role, whose ARN EventBridge gives as the principal. What has no role at all, as a service, is denied too; a replay from the archive is
 * no PutEvents, and not judged.
 */
export function denyReserved(bus: EventBus, { systemName, region, senders, publishingRegions }: MeshTrustProps): void {
  const { account, partition } = Stack.of(bus);
  const arns = (names: readonly string[]): string[] => names.map((name) => `arn:${partition}:iam::${account}:role/${name}`);
  const here = (role: NamedRole): string => functionRoleName(systemName, role, region);
  const outboxes = publishingRegions.flatMap((from) =>
    (['outbox', 'outbox-redrive'] as const).map((role) => functionRoleName(systemName, role, from)),
  );
  const ledger = [...outboxes, here('sweep'), here('mesh-redrive'), ...senders];
  const probes = [here('probe'), ...senders];
  const reserved: [string, string, readonly string[], readonly string[]][] = [
    ['LedgerSource', 'events:source', [ledgerEventSource(systemName)], ledger],
    ['MeshSource', 'events:source', [meshEventSource(systemName)], probes],
    ['Types', 'events:detail-type', reservedTypes, [...new Set([...ledger, ...probes])]],
  ];
  for (const [id, key, values, roles] of reserved) {
    addStatement(bus, systemName, `Reserved-${id}`, {
      Effect: 'Deny',
      Principal: '*',
      // Of a key with several values each one counts.
      Condition: { 'ForAnyValue:StringEquals': { [key]: values }, ArnNotEquals: { 'aws:PrincipalArn': arns(roles) } },
    });
  }
}

/**
 * Adds a statement about PutEvents to a bus's policy. CloudFormation knows it by its name alone, whatever its bus, so two systems of one
 * account and region must not share that. One is made after the other: they change one policy. https://github.com/aws/aws-cdk/pull/38655
 */
function addStatement(bus: EventBus, systemName: string, id: string, statement: object): void {
  const before = bus.node.children.filter((child): child is CfnEventBusPolicy => child instanceof CfnEventBusPolicy).at(-1);
  const policy = new CfnEventBusPolicy(bus, id, {
    eventBusName: bus.eventBusName,
    statementId: `${systemName}-${id}`,
    statement: { ...statement, Action: 'events:PutEvents', Resource: bus.eventBusArn },
  });
  if (before) policy.node.addDependency(before);
}

/**
 * Lets roles put on the bus, one statement each. By condition: a policy whose principal is a role that is not there yet is refused,
 * and the peer may be deployed later.
 */
export function allowRoles(bus: EventBus, systemName: string, roles: Readonly<Record<string, string>>): void {
  const { account, partition } = Stack.of(bus);
  for (const [id, roleName] of Object.entries(roles)) {
    addStatement(bus, systemName, `From-${id}`, {
      Effect: 'Allow',
      Principal: { AWS: `arn:${partition}:iam::${account}:root` },
      Condition: { ArnEquals: { 'aws:PrincipalArn': `arn:${partition}:iam::${account}:role/${roleName}` } },
    });
  }
}

/** What somebody may publish. */
export interface Published {
  readonly source: string;
  /** All when absent. */
  readonly types?: readonly string[];
}

/** Lets the grantee ask whether a bus is there: PutEvents does not say. */
export function grantLook(grantee: IGrantable, busArn: string): Grant {
  return Grant.addToPrincipal({ grantee, actions: ['events:DescribeEventBus'], resourceArns: [busArn] });
}

/**
 * Lets the grantee put events of one source on its region's bus, and on those of peers, and ask whether the former is there. `ForAllValues`
 * holds for no value at all: `Null` asks that there is one.
 */
export function grantPut(grantee: IGrantable, busArn: string, { source, types }: Published, peerBusArns: readonly string[] = []): Grant {
  const values = { 'events:source': [source], ...(types ? { 'events:detail-type': [...types] } : {}) };
  return grantLook(grantee, busArn).combine(
    Grant.addToPrincipal({
      grantee,
      actions: ['events:PutEvents'],
      resourceArns: [busArn, ...peerBusArns],
      conditions: { 'ForAllValues:StringEquals': values, Null: Object.fromEntries(Object.keys(values).map((key) => [key, 'false'])) },
    }),
  );
}
