import { createHash } from 'node:crypto';
import { isIntrinsic, mapValues, resolveStatic, withoutReferences, type StackFacts } from './intrinsics';
import { adaptPolicies } from './policies';
import { copiersIn } from './site-copies';
import { madeUpAttribute, madeUpId, standInOf } from './stand-ins';
import { dropFaultExtension } from '../faults/extension';
import type { CfnResource, CfnTemplate, FabricResource, StackPlan } from '../ground/model';
import { polledMark } from '../streams/mapping';

/** A template that the emulator can make, and how to get what the fabric needs to know once it is deployed. */
export interface RewrittenStack {
  readonly stack: StackPlan;
  readonly template: CfnTemplate;
  readonly fabric: readonly PendingResource[];
}

/** A resource for the fabric whose properties wait for deployed values. */
interface PendingResource {
  readonly resource: FabricResource;
  /** Output that exists only when the resource's condition holds. */
  readonly conditionOutput?: string;
}

/** Stands in properties where an output's value will be. */
interface OutputMarker {
  readonly $output: string;
}

/** Outputs of these names are ours, not the app's. */
export const outputPrefix = 'LocalRun';

/** Rewrites a stack's template for the emulator. Does not touch the original. */
export function rewriteStack(stack: StackPlan, accountId: string): RewrittenStack {
  const template = structuredClone(stack.template) as CfnTemplate & {
    Parameters?: Record<string, unknown>;
    Rules?: Record<string, unknown>;
  };
  dropBootstrapCheck(template);
  dropFaultExtension(template);
  const facts: StackFacts = { region: stack.region, accountId, stackName: stack.name };
  const gone = removeResources(template, stack);
  const collector = new OutputCollector(facts);
  const fabric: PendingResource[] = [];
  for (const [logicalId, resource] of Object.entries(template.Resources)) {
    adapt(stack, logicalId, resource);
    if (standInOf(resource)?.treatment === 'watched') fabric.push(collector.collect(stack, logicalId, resource));
  }
  for (const [logicalId, resource] of gone) fabric.push(collector.collect(stack, logicalId, resource, gone));
  return { stack, template: { ...template, Outputs: { ...template.Outputs, ...collector.outputs } } as CfnTemplate, fabric };
}

/** The fabric's resources of a deployed stack, with the values that CloudFormation gave. */
export function resolveFabric(
  rewritten: RewrittenStack,
  outputs: Readonly<Record<string, string>>,
  physicalIds: Readonly<Record<string, string>>,
): FabricResource[] {
  return rewritten.fabric
    .filter(({ conditionOutput }) => conditionOutput === undefined || conditionOutput in outputs)
    .map(({ resource }) => ({
      ...resource,
      physicalId: resource.physicalId ?? physicalIds[resource.logicalId],
      properties: mapValues(resource.properties, (node) => (isMarker(node) ? { replacement: outputs[node.$output] } : undefined)) as Record<
        string,
        any
      >,
    }));
}

function isMarker(value: unknown): value is OutputMarker {
  return typeof value === 'object' && value !== null && '$output' in value;
}

/** Nothing is bootstrapped here, so a check for it would fail. */
function dropBootstrapCheck(template: { Parameters?: Record<string, unknown>; Rules?: Record<string, unknown> }): void {
  delete template.Parameters?.BootstrapVersion;
  delete template.Rules?.CheckBootstrapVersion;
  for (const section of ['Parameters', 'Rules'] as const) {
    if (template[section] && Object.keys(template[section]).length === 0) delete template[section];
  }
}

/** Takes out what the emulator cannot make, and every mention of it. */
function removeResources(template: CfnTemplate, stack: StackPlan): Map<string, CfnResource> {
  const copiers = new Set(copiersIn(template.Resources));
  const removed = new Map(
    Object.entries(template.Resources).filter(([id, resource]) => copiers.has(id) || standInOf(resource)?.treatment === 'removed'),
  );
  if (removed.size === 0) return removed;
  const replacements = new Map(
    [...removed].map(([logicalId, { Type }]) => {
      const ref = madeUpId(Type, stack.name, logicalId);
      return [logicalId, { ref, attribute: (name: string) => madeUpAttribute(ref, Type, name) }];
    }),
  );
  for (const logicalId of removed.keys()) delete template.Resources[logicalId];
  for (const section of [template.Resources, template.Outputs ?? {}] as Record<string, any>[]) {
    for (const [key, value] of Object.entries(section)) section[key] = withoutReferences(value, replacements);
  }
  for (const resource of Object.values(template.Resources)) {
    const dependencies = [resource.DependsOn ?? []].flat().filter((dependency) => !removed.has(dependency));
    if (dependencies.length > 0) resource.DependsOn = dependencies;
    else delete resource.DependsOn;
  }
  return new Map(
    [...removed]
      .filter(([logicalId]) => !copiers.has(logicalId))
      .map(([logicalId, resource]) => [logicalId, withoutReferences(resource, replacements) as CfnResource]),
  );
}

/** Changes in place what the emulator gets of a resource that stays. */
function adapt(stack: StackPlan, logicalId: string, resource: CfnResource): void {
  const becomes = standInOf(resource)?.becomes;
  if (becomes) {
    resource.Type = becomes.type;
    for (const property of becomes.without) delete resource.Properties?.[property];
  }
  if (resource.Type === 'AWS::Lambda::Function') {
    const properties = (resource.Properties ??= {});
    const variables = { ...properties.Environment?.Variables, AWS_SDK_UA_APP_ID: functionAppId(stack.name, logicalId) };
    properties.Environment = { ...properties.Environment, Variables: variables };
  }
  adaptPolicies(resource);
  if (resource.Type === 'AWS::Lambda::EventSourceMapping') adaptMapping(resource);
  if (resource.Type === 'AWS::DynamoDB::GlobalTable') {
    const properties = (resource.Properties ??= {});
    properties.TableName ??= `${stack.name}-${logicalId}`;
  }
}

/** Functions of one queue that run at once, and messages that each takes. Each is a process, and what it calls for each message too. */
const queueConcurrency = 2;
const queueBatch = 2;

/** The fabric polls streams, so the emulator must not; of queues it takes fewer messages at once. */
function adaptMapping(resource: CfnResource): void {
  const properties = (resource.Properties ??= {});
  // Only a stream has a starting position.
  if (properties.StartingPosition === undefined) {
    properties.ScalingConfig = { MaximumConcurrency: queueConcurrency };
    properties.BatchSize = Math.min(Number(properties.BatchSize ?? queueBatch), queueBatch);
  } else if (properties.Enabled !== false && properties.Enabled !== 'false') {
    properties.Enabled = false;
    resource.Metadata = { ...resource.Metadata, [polledMark]: true };
  }
}

/** Seen in the User-Agent of every AWS call of the function. Short: the SDKs warn above 50 characters. */
export function functionAppId(stackName: string, logicalId: string): string {
  return `fn-${createHash('sha256').update(`${stackName}/${logicalId}`).digest('hex').slice(0, 16)}`;
}

/** Lets CloudFormation itself resolve the functions in the fabric's resources: each becomes an output of the stack. */
class OutputCollector {
  readonly outputs: Record<string, { Value: unknown; Condition?: string }> = {};
  private readonly keys = new Map<string, string>();

  constructor(private readonly facts: StackFacts) {}

  collect(stack: StackPlan, logicalId: string, resource: CfnResource, gone?: ReadonlyMap<string, CfnResource>): PendingResource {
    const condition = resource.Condition as string | undefined;
    return {
      resource: {
        stack: stack.name,
        region: stack.region,
        logicalId,
        type: resource.Type,
        properties: this.resolvable(resource.Properties ?? {}, condition) as Record<string, any>,
        ...(resource.Metadata ? { metadata: resource.Metadata } : {}),
        ...(gone ? { physicalId: madeUpId(resource.Type, stack.name, logicalId) } : {}),
      },
      ...(condition ? { conditionOutput: this.output('true', condition) } : {}),
    };
  }

  private resolvable(value: unknown, condition?: string): unknown {
    return mapValues(resolveStatic(value, this.facts), (node) => {
      if (!isIntrinsic(node)) return undefined;
      if (node.Ref === 'AWS::NoValue') return { replacement: undefined };
      return { replacement: { $output: this.output(node, condition) } satisfies OutputMarker };
    });
  }

  private output(value: unknown, condition?: string): string {
    const identity = JSON.stringify([value, condition]);
    let key = this.keys.get(identity);
    if (key === undefined) {
      key = `${outputPrefix}${this.keys.size}`;
      this.keys.set(identity, key);
      this.outputs[key] = { Value: value, ...(condition ? { Condition: condition } : {}) };
    }
    return key;
  }
}
