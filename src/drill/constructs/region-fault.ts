import { CfnParameter, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Alarm, IAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { CfnExperimentTemplate } from 'aws-cdk-lib/aws-fis';
import { AnyPrincipal, Effect, Grant, IRole, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Alias, CfnFunction, Function, ILayerVersion, LayerVersion } from 'aws-cdk-lib/aws-lambda';
import { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { noteFault } from './fault-length';
import { RegionFaultProps } from './region-fault-props';
import { describeProblem, invalidProps, PropProblem } from '../../cdk/checks/invalid-props';
import { checkLiterals } from '../../cdk/checks/literals';
import { checkNames } from '../../cdk/checks/name-limits';
import { declareOnce } from '../../cdk/checks/one-of-a-kind';
import { ownRegionProblem } from '../../cdk/checks/own-region';
import { checkPlaces } from '../../cdk/checks/places';
import { privateBucket } from '../../cdk/private-bucket';
import { silenceAlarm } from '../../events/mesh/alarms';
import { faultAction, faultExtension, faultLimits, faultTags } from '../fault/contract';

const defaultLongest = Duration.minutes(10);

/**
 * Lets drills take this region away by faults: an experiment template of AWS FIS that makes the functions of the payments API fail, and
 * AWS's extension in each of them. It stands in the region that is drilled; the `RegionDrill` of kind `FAULT` stands in another one and
 * finds it by its tags.
 */
export class RegionFault extends Construct {
  /** ID of the experiment template. */
  public readonly templateId: string;
  /** What FIS may do. */
  public readonly role: IRole;
  /** The alarms that stop an experiment. */
  public readonly stopAlarms: IAlarm[];

  constructor(scope: Construct, id: string, props: RegionFaultProps) {
    super(scope, id);
    checkNames(this);
    checkLiterals(this, props);
    checkPlaces(this, 'RegionFaultProps', props);
    const problem = faultProblem(props, Stack.of(this).region) ?? wrapperProblem(props.api._answering);
    if (problem) throw invalidProps(this, problem);
    const { systemName, region } = props.api._ledger;
    declareOnce(this, { kind: 'RegionFault', prop: 'api', name: systemName });
    noteFault(this, { systemName, region, longestSeconds: (props.longest ?? defaultLongest).toSeconds() });

    const bucket = privateBucket(this, 'Bucket', { lifecycle: { expiration: Duration.days(1) }, removalPolicy: RemovalPolicy.DESTROY });
    const functions = props.api._answering;
    this.addExtension(functions, bucket, props);
    this.node.addValidation({
      validate: () => {
        const changed = wrapperProblem(functions);
        return changed ? [describeProblem(changed)] : [];
      },
    });
    this.role = this.defineRole(functions, bucket);
    // What stands there makes payments fail. Deletions stay allowed: they end a fault.
    bucket.addToResourcePolicy(
      new PolicyStatement({
        sid: 'FaultsOfExperimentsAlone',
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ['s3:PutObject'],
        resources: [bucket.arnForObjects('*')],
        conditions: { ArnNotEquals: { 'aws:PrincipalArn': this.role.roleArn } },
      }),
    );
    this.stopAlarms = [...this.defineSilences(props), ...(props.stopAlarms ?? [])];
    this.templateId = this.defineTemplate(functions, props);
  }

  private addExtension(functions: readonly Function[], bucket: IBucket, { extensionLayerArn }: RegionFaultProps): void {
    const { location, wrapper, poll, pollWait } = faultExtension.variables;
    const layer = this.layer(extensionLayerArn);
    for (const one of functions) {
      one.addLayers(layer);
      one.addEnvironment(location, bucket.arnForObjects(faultExtension.folder));
      one.addEnvironment(wrapper, faultExtension.wrapper);
      one.addEnvironment(poll, `${faultLimits.pollSeconds}`);
      one.addEnvironment(pollWait, `${faultLimits.pollWaitMs}`);
      Grant.addToPrincipal({ grantee: one, actions: ['s3:GetObject'], resourceArns: [bucket.arnForObjects(`${faultExtension.folder}*`)] });
      Grant.addToPrincipal({
        grantee: one,
        actions: ['s3:ListBucket'],
        resourceArns: [bucket.bucketArn],
        conditions: { StringLike: { 's3:prefix': [`${faultExtension.folder}*`] } },
      });
    }
  }

  /** By AWS's public parameter, which CloudFormation reads at each deployment. */
  private layer(given: string | undefined): ILayerVersion {
    const arn =
      given ??
      new CfnParameter(this, 'ExtensionLayer', {
        type: 'AWS::SSM::Parameter::Value<String>',
        default: faultExtension.layerParameter,
        description: "AWS FIS' extension for Lambda",
      }).valueAsString;
    return LayerVersion.fromLayerVersionArn(this, 'Layer', arn);
  }

  /** As the FIS user guide has it for the action, with the functions named. */
  private defineRole(functions: readonly Function[], bucket: IBucket): IRole {
    const { account } = Stack.of(this);
    const role = new Role(this, 'Role', {
      description: 'What experiments of a region drill may do',
      assumedBy: new ServicePrincipal('fis.amazonaws.com', {
        conditions: {
          StringEquals: { 'aws:SourceAccount': account },
          ArnLike: { 'aws:SourceArn': Stack.of(this).formatArn({ service: 'fis', resource: 'experiment', resourceName: '*' }) },
        },
      }),
    });
    Grant.addToPrincipal({
      grantee: role,
      actions: ['s3:PutObject', 's3:DeleteObject'],
      resourceArns: [bucket.arnForObjects(`${faultExtension.folder}*`)],
    });
    Grant.addToPrincipal({ grantee: role, actions: ['lambda:GetFunction'], resourceArns: functions.map(({ functionArn }) => functionArn) });
    // FIS reads the function's variables, which a customer's key keeps from callers without this right.
    const keys = functions.flatMap((one) => (one.node.defaultChild as CfnFunction).kmsKeyArn ?? []);
    if (keys.length > 0) Grant.addToPrincipal({ grantee: role, actions: ['kms:Decrypt'], resourceArns: [...new Set(keys)] });
    // FIS asks for it whether or not targets are chosen by tags. It knows no resource.
    Grant.addToPrincipal({ grantee: role, actions: ['tag:GetResources'], resourceArns: ['*'] });
    return role;
  }

  /** No event of another region arrives: it is in trouble too. */
  private defineSilences({ api, mesh }: RegionFaultProps): Alarm[] {
    if (!mesh) return [];
    const { systemName, region, regions } = api._ledger;
    return regions.replicas
      .filter((peer) => peer !== region)
      .map((peer) =>
        silenceAlarm(this, `Stop-${peer}`, {
          systemName,
          region,
          peer,
          says: `no event of ${peer} arrives, so no experiment may take ${region} away`,
          times: { interval: mesh.probeInterval, silentAfter: mesh.silentAfter },
        }),
      );
  }

  private defineTemplate(functions: readonly Function[], { api, longest = defaultLongest }: RegionFaultProps): string {
    const { systemName, region } = api._ledger;
    const groups = inGroups(functions, faultLimits.functionsPerTarget);
    const template = new CfnExperimentTemplate(this, 'Template', {
      description: `${systemName}: takes ${region} away for a region drill`,
      roleArn: this.role.roleArn,
      stopConditions: this.stopAlarms.map(({ alarmArn }) => ({ source: 'aws:cloudwatch:alarm', value: alarmArn })),
      targets: Object.fromEntries(
        groups.map((group, at) => [
          `functions-${at + 1}`,
          { resourceType: faultAction.resourceType, resourceArns: group.map(({ functionArn }) => functionArn), selectionMode: 'ALL' },
        ]),
      ),
      actions: Object.fromEntries(
        groups.map((_, at) => [
          `fail-${at + 1}`,
          {
            actionId: faultAction.id,
            parameters: { duration: longest.toIsoString(), invocationPercentage: '100', preventExecution: 'true' },
            targets: { [faultAction.target]: `functions-${at + 1}` },
          },
        ]),
      ),
      experimentOptions: { accountTargeting: 'single-account', emptyTargetResolutionMode: 'fail' },
      tags: { Name: `${systemName}-drill-${region}`, [faultTags.system]: systemName, [faultTags.region]: region },
    });
    // FIS looks at what the role may do.
    template.node.addDependency(this.role);
    return template.attrId;
  }
}

function inGroups<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size));
}

/** A function starts by one wrapper alone: another tool's would be replaced by the extension's, or the other way round. */
function wrapperProblem(functions: readonly Function[]): PropProblem | undefined {
  const { wrapper } = faultExtension.variables;
  for (const one of functions) {
    const { environment } = one.node.defaultChild as CfnFunction;
    const given = (Stack.of(one).resolve(environment) as CfnFunction.EnvironmentProperty | undefined)?.variables as
      Readonly<Record<string, unknown>> | undefined;
    if (given?.[wrapper] === undefined || given[wrapper] === faultExtension.wrapper) continue;
    return {
      prop: 'api',
      given: `an API whose function ${one.node.path} has ${wrapper} '${String(given[wrapper])}'`,
      allowed: `functions that start by ${faultExtension.wrapper} alone`,
      mend: 'start the other tool without a wrapper, or drill by a drain',
    };
  }
  return undefined;
}

function faultProblem(
  { api, mesh, stopAlarms = [], longest = defaultLongest }: RegionFaultProps,
  ownRegion: string,
): PropProblem | undefined {
  const place = ownRegionProblem(api._ledger.region, ownRegion, 'fault');
  if (place) return place;
  if (api._ledger.regions._home) {
    return {
      prop: 'api',
      given: 'the API of a ledger in HOME_REGION',
      allowed: 'the API of a ledger in STRONG',
      mend: 'drill by a drain: no other region takes accounts over while the functions of their home fail by themselves',
    };
  }
  // It is not proven that a fault of a function, by its ARN without a qualifier, also reaches a version behind an alias.
  const published = api._answering.find(({ node }) => node.scope?.node.children.some((child) => child instanceof Alias));
  if (published) {
    return {
      prop: 'api',
      given: `an API with functions.provisionedConcurrency: callers reach ${published.node.path} by an alias`,
      allowed: 'an API without provisioned concurrency',
      mend: 'drill by a drain, or leave provisionedConcurrency out',
    };
  }
  if (!mesh && stopAlarms.length === 0) {
    return {
      prop: 'stopAlarms',
      given: 'missing, and so is mesh',
      allowed: 'the event mesh of this region, or an alarm, or both',
      mend: 'say what stops an experiment',
    };
  }
  // Its callers fail: that is what the experiment is for.
  const own = stopAlarms.find((alarm) => (api.alarms as readonly IAlarm[]).includes(alarm));
  if (own) {
    return {
      prop: 'stopAlarms',
      given: `${own.node.path}, an alarm of the API that the experiment makes fail`,
      allowed: 'alarms on what an experiment here must not cause, such as trouble of another region',
      mend: 'leave it out: it would end every experiment',
    };
  }
  const minutes = longest.toMinutes({ integral: false });
  if (Number.isInteger(minutes) && minutes >= 3 && minutes <= 15) return undefined;
  return { prop: 'longest', given: `${minutes} minutes`, allowed: '3 to 15 whole minutes', mend: 'leave it out for 10 minutes' };
}
