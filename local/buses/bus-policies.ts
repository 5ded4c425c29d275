import type { FabricResource } from '../ground/model';
import { statementsOf, type ResourceStatement } from '../iam/resource-policy';

/** Policies of the event buses of all regions. The emulator has none that a template or a condition could make. */
export class BusPolicies {
  private readonly byBus = new Map<string, Map<string, ResourceStatement>>();

  constructor(private readonly accountId: string) {}

  public load(resources: readonly FabricResource[]): void {
    for (const { type, region, properties, logicalId, physicalId } of resources) {
      if (type === 'AWS::Events::EventBus') {
        statementsOf(properties.Policy).forEach((statement, index) =>
          this.put(region, busName(properties.Name ?? physicalId), `policy-${index}`, statement),
        );
      }
      if (type !== 'AWS::Events::EventBusPolicy') continue;
      const bus = busName(properties.EventBusName ?? 'default');
      this.put(region, bus, String(properties.StatementId ?? logicalId), properties.Statement ?? this.plain(region, bus, properties));
    }
  }

  public statements(region: string, bus: string): ResourceStatement[] {
    return [...this.of(region, bus).values()];
  }

  /** The policy as DescribeEventBus tells it; undefined when there is none. */
  public document(region: string, bus: string): string | undefined {
    const statements = [...this.of(region, bus)].map(([Sid, statement]) => ({ Sid, ...statement }));
    return statements.length ? JSON.stringify({ Version: '2012-10-17', Statement: statements }) : undefined;
  }

  /** As the operation of the API. */
  public putPermission(region: string, input: Record<string, any>): void {
    const bus = busName(input.EventBusName ?? 'default');
    if (input.Policy !== undefined) {
      this.of(region, bus).clear();
      statementsOf(input.Policy).forEach((statement, index) =>
        this.put(region, bus, String((statement as { Sid?: string }).Sid ?? index), statement),
      );
      return;
    }
    this.put(region, bus, String(input.StatementId), this.plain(region, bus, input));
  }

  /** As the operation of the API; false when there is no such statement. */
  public removePermission(region: string, input: Record<string, any>): boolean {
    const statements = this.of(region, busName(input.EventBusName ?? 'default'));
    if (input.RemoveAllPermissions !== true) return statements.delete(String(input.StatementId));
    statements.clear();
    return true;
  }

  private of(region: string, bus: string): Map<string, ResourceStatement> {
    const key = `${region}/${bus}`;
    const known = this.byBus.get(key) ?? new Map<string, ResourceStatement>();
    this.byBus.set(key, known);
    return known;
  }

  private put(region: string, bus: string, id: string, statement: ResourceStatement): void {
    this.of(region, bus).set(id, statement);
  }

  /** The older form: an account, an action, and one condition. */
  private plain(region: string, bus: string, { Principal, Action, Condition }: Record<string, any>): ResourceStatement {
    return {
      Effect: 'Allow',
      Principal: Principal === '*' ? '*' : { AWS: `arn:aws:iam::${Principal}:root` },
      Action: Action ?? 'events:PutEvents',
      Resource: `arn:aws:events:${region}:${this.accountId}:event-bus/${bus}`,
      ...(Condition ? { Condition: { [Condition.Type]: { [Condition.Key]: Condition.Value } } } : {}),
    };
  }
}

function busName(nameOrArn: unknown): string {
  return String(nameOrArn).split('/').pop()!;
}
