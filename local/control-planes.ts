import type { Checkers } from './dns/dns';
import { RecordStore } from './dns/record-store';
import { healthChecks, recordSets } from './dns/records';
import { FisApi } from './faults/fis-api';
import { functionFaults } from './faults/functions';
import type { CutoverFabric, ExecutionView, FabricResource, GateView, RegionHandle, StateMachineView } from './ground/model';
import { Policies } from './iam/policies';
import { gateOf, type ApproverIssuer } from './issuer/approvers';
import { AwsApi } from './network/aws-api';
import { EngineClient } from './network/engine-client';
import type { EngineDirectory } from './network/network';
import type { EventFabric } from './observed';
import { controlPlane, Route53Api } from './route53/api';
import type { FabricServices } from './services/services';
import { ParameterStore } from './services/ssm';
import type { StatusChange } from './stepfunctions/status-change';
import { StepFunctions } from './stepfunctions/step-functions';
import { causeOf } from '../src/kernel/cause';

export interface ControlPlanesOptions {
  readonly engines: EngineDirectory;
  readonly accountId: string;
  readonly events: EventFabric;
  readonly log: (line: string) => void;
}

interface ParameterPage {
  readonly Parameters?: readonly { readonly Name: string; readonly Value: string; readonly LastModifiedDate: number }[];
  readonly NextToken?: string;
}

/** Services that the fabric answers for itself, and what is seen of them: Route 53, Step Functions, CloudWatch's questions, and mail. */
export class ControlPlanes {
  /** For the proxies. */
  public readonly services: FabricServices;
  /** For the resolver. */
  public readonly records = new RecordStore();
  private readonly api: AwsApi;
  private readonly client: EngineClient;
  private readonly policies: Policies;
  private readonly route53: Route53Api;
  private readonly stepFunctions: StepFunctions;
  private readonly fis: FisApi;
  private resources: readonly FabricResource[] = [];
  private machines: readonly StateMachineView[] = [];

  constructor(private readonly options: ControlPlanesOptions) {
    const { engines, accountId, events, log } = options;
    this.client = new EngineClient(engines);
    this.api = new AwsApi(this.client);
    this.policies = new Policies(engines);
    this.route53 = new Route53Api(this.records);
    this.stepFunctions = new StepFunctions({
      api: this.api,
      policies: this.policies,
      accountId,
      store: events.metrics,
      changed: (region, detail) => this.changed(region, detail),
      warn: log,
    });
    this.fis = new FisApi(
      { ...functionFaults(this.client), alarmState: (region, name) => events.alarmState(region, name) },
      accountId,
      log,
    );
    this.services = {
      fis: this.fis,
      route53: this.route53,
      states: this.stepFunctions,
      sns: events.mailbox,
      monitoring: events.cloudWatch,
      ssm: new ParameterStore(this.client, accountId),
    };
  }

  /** Before the deployment: what calls during it may name. */
  public declare(resources: readonly FabricResource[]): void {
    this.records.declareHealthChecks(healthChecks(resources).map(({ id }) => id));
  }

  /** After each deployment. */
  public async useTemplates(resources: readonly FabricResource[]): Promise<void> {
    this.resources = resources;
    this.declare(resources);
    this.records.useTemplates(recordSets(resources));
    this.fis.useTemplates(resources);
    this.machines = await Promise.all(
      resources
        .filter(({ type, physicalId }) => type === 'AWS::StepFunctions::StateMachine' && physicalId)
        .map(async ({ region, physicalId }) => {
          const { name, definition } = await this.api.json<{ name: string; definition: string }>(region, 'states', 'DescribeStateMachine', {
            stateMachineArn: physicalId,
          });
          return { name, arn: physicalId!, region, definition: JSON.parse(definition) as unknown };
        }),
    );
  }

  /** Once all is deployed. */
  public open(regions: readonly RegionHandle[], checkers: Checkers): void {
    this.stepFunctions.useRegions(regions);
    this.route53.use(checkers);
  }

  /** Newest first. */
  public executions(): readonly ExecutionView[] {
    return this.stepFunctions.views();
  }

  /** Undefined for an app without a state machine. */
  public cutover(approvers?: ApproverIssuer): CutoverFabric | undefined {
    if (this.machines.length === 0) return undefined;
    const { events } = this.options;
    const { stepFunctions, machines } = this;
    return {
      machines,
      start: (machineArn, input, name) => stepFunctions.start(machineArn, input, name),
      stop: async (executionArn, cause) => stepFunctions.stop(executionArn, cause),
      executions: () => this.executions(),
      mail: () => events.mailbox.all(),
      parameters: (region, path) => this.parameters(region, path),
      publicKey: async (region, key) => {
        const { KeyId: arn, PublicKey: publicKey } = await this.api.json<{ KeyId: string; PublicKey: string }>(
          region,
          'kms',
          'GetPublicKey',
          { KeyId: key },
        );
        return { arn, publicKey };
      },
      invoke: async (region, name, event) => {
        const { failed, payload } = await this.api.invoke(region, name, event, 'RequestResponse');
        if (failed) throw new Error(`${name} in ${region} failed: ${JSON.stringify(payload).slice(0, 300)}`);
        return payload;
      },
      gates: this.gates(),
      approverToken: (name, claims) => approvers?.token(name, claims),
      approverKeys: approvers?.jwks.keys,
      forceAlarm: (region, name, state) => events.forceAlarm(region, name, state),
      skipFaults: (isSkipping) => this.fis.skip(isSkipping),
      route53: async (method, path, body = '') => {
        const answer = await this.route53.route({ region: controlPlane, method, path, body: Buffer.from(body) }).answer();
        return { status: answer.status, body: answer.body.toString() };
      },
    };
  }

  public close(): void {
    this.stepFunctions.close();
    this.fis.close();
    this.client.close();
    this.policies.close();
  }

  /** On the region's default bus, as Step Functions does it; rules for it are the app's. */
  private changed(region: string, detail: StatusChange): void {
    const entry = {
      Source: 'aws.states',
      DetailType: 'Step Functions Execution Status Change',
      Resources: [detail.executionArn],
      Detail: JSON.stringify(detail),
    };
    this.api.json(region, 'events', 'PutEvents', { Entries: [entry] }).catch((error: unknown) => {
      this.options.log(`no event of ${detail.executionArn} ${detail.status}: ${causeOf(error)}`);
    });
  }

  private async parameters(region: string, path: string): Promise<{ name: string; value: string; at: string }[]> {
    const records: { name: string; value: string; at: string }[] = [];
    let NextToken: string | undefined;
    do {
      const request = { Path: path, MaxResults: 10, ...(NextToken ? { NextToken } : {}) };
      const page: ParameterPage = await this.api.json(region, 'ssm', 'GetParametersByPath', request);
      for (const { Name: name, Value: value, LastModifiedDate } of page.Parameters ?? []) {
        records.push({ name, value, at: new Date(LastModifiedDate * 1000).toISOString() });
      }
      NextToken = page.NextToken;
    } while (NextToken);
    return records;
  }

  private gates(): GateView[] {
    const gates = new Map(
      this.resources.flatMap(({ type, region, properties }) => {
        const gate =
          type === 'AWS::Lambda::Function' ? gateOf(properties.Environment?.Variables as Record<string, unknown> | undefined) : undefined;
        return gate ? [[`${region} ${gate.name}`, { ...gate, region }] as const] : [];
      }),
    );
    return [...gates.values()].flatMap((gate) => {
      const api = this.resources.find(
        ({ type, region, properties }) => type === 'AWS::ApiGateway::RestApi' && region === gate.region && properties.Name === gate.name,
      );
      const stage = this.resources.find(
        ({ type, region, properties }) =>
          type === 'AWS::ApiGateway::Stage' && region === gate.region && properties.RestApiId === api?.physicalId,
      );
      return api && stage ? [{ ...gate, apiId: api.physicalId!, stage: String(stage.properties.StageName) }] : [];
    });
  }
}
