import { Stack, Token } from 'aws-cdk-lib';
import { CfnEventBus, CfnRule } from 'aws-cdk-lib/aws-events';
import { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { forwardingRoleName, meshBusName, publisherTimes } from '../contract';
import { CrossRegionEventMeshProps } from './mesh-props';
import { probesProblem, probeTimes } from './probes';
import { isBusArn } from './target';
import { MeshTransport } from './transport/mesh-transport';
import { MeshPart } from './transport/strategy';
import { PropProblem, describeProblem, invalidProps } from '../../cdk/checks/invalid-props';
import { checkLiterals } from '../../cdk/checks/literals';
import { mayShareAccount } from '../../cdk/checks/one-account';
import { declareOnce } from '../../cdk/checks/one-of-a-kind';
import { declarePart } from '../../cdk/checks/system-parts';
import { wholeDaysProblem } from '../../cdk/checks/whole-days';
import { isRegionName } from '../../kernel/region';
import { checkSystemName } from '../../ledger/constructs/system-checks';

const longestRoleName = 64;

/** Throws on the first prop that cannot be meant; the stack's region otherwise. */
export function checkMesh(scope: Construct, props: CrossRegionEventMeshProps): string {
  checkSystemName(scope, props.systemName);
  checkLiterals(scope, props, { texts: ['regions'] });
  const region = Stack.of(scope).region;
  const problem =
    regionsProblem(props.regions) ??
    stackProblem(region, props.regions) ??
    roleNameProblem(props) ??
    props.transport?._strategy.problem(scope, props.regions) ??
    wholeDaysProblem('archiveRetention', props.archiveRetention, 30) ??
    probesProblem(props.probes);
  if (problem) throw invalidProps(scope, problem);
  return region;
}

function regionsProblem(regions: string[]): PropProblem | undefined {
  const given = regions.join(', ') || 'empty';
  const wrong = regions.find((region) => Token.isUnresolved(region) || !isRegionName(region));
  if (wrong !== undefined) {
    return {
      prop: 'regions',
      given: `'${wrong}'`,
      allowed: 'names of AWS regions, such as us-east-1, known at synthesis (no token)',
      mend: 'write the region name out',
    };
  }
  const repeated = regions.find((region, index) => regions.indexOf(region) !== index);
  if (repeated !== undefined) {
    return { prop: 'regions', given: `${given} (${repeated} twice)`, allowed: 'different regions', mend: `remove one ${repeated}` };
  }
  return regions.length >= 2
    ? undefined
    : { prop: 'regions', given, allowed: 'two or more regions', mend: "add the regions that the events go to, the stack's own included" };
}

function stackProblem(region: string, regions: string[]): PropProblem | undefined {
  const allowed = regions.join(', ');
  if (Token.isUnresolved(region)) {
    return {
      prop: 'env.region of the stack',
      given: 'not set',
      allowed,
      mend: 'give the stack an env with a region: the mesh is made of names that differ by region',
    };
  }
  return regions.includes(region)
    ? undefined
    : { prop: 'env.region of the stack', given: region, allowed, mend: "use one of the regions, or add the region to 'regions'" };
}

function roleNameProblem({ systemName, regions }: CrossRegionEventMeshProps): PropProblem | undefined {
  const names = regions.flatMap((from) => regions.map((to) => forwardingRoleName(systemName, from, to)));
  const excess = Math.max(...names.map((name) => name.length)) - longestRoleName;
  return excess <= 0
    ? undefined
    : {
        prop: 'systemName',
        given: `'${systemName}'`,
        allowed: `${systemName.length - excess} characters with these regions: IAM names roles with ${longestRoleName} at most`,
        mend: 'shorten the name',
      };
}

const lambdaDefaultSeconds = 3;

/** Throws for a function, of those whose timeout is known, that ends before `createPublisher` can give up what it could not send. */
export function checkPublisher(scope: Construct): void {
  const { defaultChild } = scope.node;
  if (!CfnFunction.isCfnFunction(defaultChild)) return;
  const { timeout } = defaultChild;
  const least = (publisherTimes.budgetMs + publisherTimes.letterMs) / 1_000;
  if (Token.isUnresolved(timeout) || (timeout ?? lambdaDefaultSeconds) >= least) return;
  throw invalidProps(scope, {
    prop: 'timeout',
    given: timeout === undefined ? `${lambdaDefaultSeconds} seconds, Lambda's default` : `${timeout} seconds`,
    allowed:
      `${least} seconds or more: createPublisher tries for ${publisherTimes.budgetMs / 1_000}, and then needs time to put ` +
      `unsent events into the dead-letter queue`,
    mend: 'raise it; or give createPublisher a shorter timeoutMs, and pass the stack here instead of the function',
  });
}

/** What is wrong with a mesh once the whole app is there: rules that would lose events. */
export function meshProblems(mesh: Construct, part: MeshPart): string[] {
  const isOfMesh = (rule: CfnRule): boolean =>
    Stack.of(rule).region === part.region && mayShareAccount(rule, mesh) && isOn(mesh, part.systemName, rule);
  return mesh.node.root.node
    .findAll()
    .filter((one): one is CfnRule => CfnRule.isCfnRule(one) && isOfMesh(one))
    .flatMap(ruleProblems);
}

/** Notes the mesh as a part of its system: parts have one list of regions, one transport and one rhythm of probes. */
export function declareMeshPart(scope: Construct, props: CrossRegionEventMeshProps): void {
  const { systemName, regions, transport = MeshTransport.rules() } = props;
  const { interval, silentAfter } = probeTimes(props.probes);
  declareOnce(scope, { kind: 'CrossRegionEventMesh', prop: 'systemName', name: systemName });
  declarePart(scope, {
    systemName,
    kind: 'CrossRegionEventMesh',
    about: 'mesh',
    regions,
    facts: [
      { prop: 'regions', value: [...regions].sort().join(', ') },
      { prop: 'transport', value: transport._strategy.describe(regions) },
      { prop: 'probes', value: `one every ${interval.toSeconds()} seconds, silent after ${silentAfter.toSeconds()}` },
    ],
  });
}

/** By name, or by a reference that comes to it. */
function isOn(mesh: Construct, systemName: string, rule: CfnRule): boolean {
  const given: unknown = Stack.of(rule).resolve(rule.eventBusName);
  const name = meshBusName(systemName);
  if (typeof given === 'string') return given === name || given.endsWith(`:event-bus/${name}`);
  const bus = mesh.node.tryFindChild('Bus')?.node.defaultChild;
  return (
    bus !== undefined &&
    Stack.of(bus) === Stack.of(rule) &&
    JSON.stringify(given) === JSON.stringify(Stack.of(rule).resolve((bus as CfnEventBus).ref))
  );
}

function ruleProblems(rule: CfnRule): string[] {
  const targets = (Stack.of(rule).resolve(rule.targets) ?? []) as CfnRule.TargetProperty[];
  const prop = `targets of ${rule.node.path}`;
  const bare = targets.filter(({ deadLetterConfig }) => !deadLetterConfig);
  const retried = targets.filter(({ arn, retryPolicy }) => retryPolicy && isBusArn(arnText(arn)));
  return [
    ...(bare.length === 0
      ? []
      : [
          describeProblem({
            prop,
            given: `${bare.length} without a dead-letter queue`,
            allowed: 'targets with one: what EventBridge cannot deliver is lost without a trace otherwise',
            mend: "add the target with mesh.addTarget(), or give it the mesh's deadLetterQueue",
          }),
        ]),
    ...(retried.length === 0
      ? []
      : [
          describeProblem({
            prop,
            given: `${retried.length} bus with a retry policy`,
            allowed: 'buses without one: EventBridge refuses it, and the deployment would fail',
            mend: 'remove retryPolicy',
          }),
        ]),
  ];
}

/** An ARN as text, what is only known at deployment left out. */
function arnText(arn: unknown): string {
  if (typeof arn === 'string') return arn;
  const join = (arn as { 'Fn::Join'?: [string, unknown[]] })['Fn::Join'];
  return join ? join[1].map((part) => (typeof part === 'string' ? part : '')).join(join[0]) : '';
}
