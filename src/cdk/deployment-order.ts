import { Annotations, CfnResource, Stack, Stage } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';

/**
 * Has resources that use a part by its name made after it, and deleted before: CloudFormation sees no reference, and would make them in any
 * order. In one stack by `DependsOn`, between stacks by the order in which the CDK deploys them. Nothing is refused: a stack that must come
 * first for another reason is deployed in its own order, with a warning.
 *
 * @param user what is asked for: resources of the user itself, without its role, which a part's key may name
 * @param part resources of the part
 */
export function deployAfter(user: readonly CfnResource[], part: readonly CfnResource[]): void {
  for (const later of user) for (const earlier of part) order(later, earlier);
}

function order(later: CfnResource, earlier: CfnResource): void {
  const [to, from] = [Stack.of(earlier), Stack.of(later)];
  // Stages are deployed one by one, and the CDK orders nothing between them.
  if (Stage.of(later) !== Stage.of(earlier)) return;
  if (to !== from && reaches(to, from)) {
    Annotations.of(later).addWarningV2(
      'cdk-multi-region-payments:order',
      `[${later.node.path}] it uses ${earlier.node.path} by its name and must be deployed after it, but stack '${
        to.node.path
      }' is deployed after '${from.node.path}': deploy '${to.node.path}' first, or move one of the two constructs into the other stack`,
    );
    return;
  }
  later.addResourceDependency(earlier);
}

/** Whether a stack is deployed after another, directly or not. */
function reaches(stack: Stack, other: Stack, seen = new Set<Stack>()): boolean {
  if (seen.has(stack)) return false;
  seen.add(stack);
  return stack.dependencies.some((next) => next === other || reaches(next, other, seen));
}

/** The resource that a construct is, without those around it; nothing for what is imported. */
export function ownResource(construct: IConstruct): readonly CfnResource[] {
  const child = CfnResource.isCfnResource(construct) ? construct : construct.node.defaultChild;
  return child && CfnResource.isCfnResource(child) ? [child] : [];
}
