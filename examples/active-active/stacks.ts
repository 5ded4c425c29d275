import path from 'node:path';
import { Environment, Stack, StackProps } from 'aws-cdk-lib';
import { Certificate, CertificateValidation } from 'aws-cdk-lib/aws-certificatemanager';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { alarmTopic, AlarmsStack, sendAlarms } from './alarms';
import { Config } from './config';
import { Recorder } from './recorder';
import { PythonRecorder } from './recorder-python';
import {
  ActiveActivePaymentsApi,
  CrossRegionEventMesh,
  HomeAuthorityTable,
  IdempotentLedgerTable,
  LedgerKey,
  LedgerOutbox,
  LedgerReplica,
  PaymentsAuthorization,
  PaymentsCanary,
  PaymentsDashboard,
  PaymentsDashboardProps,
  PaymentsEdge,
  ReplicatedDocuments,
  RegionDrill,
  RegionDrillKind,
  RegionFault,
  ReplicatedSite,
} from 'cdk-multi-region-payments';

/** The key of one region's replica. First of all: the table is encrypted with it from the start. */
class KeyStack extends Stack {
  constructor(scope: Construct, id: string, { systemName, regions }: Config, props: StackProps) {
    super(scope, id, props);
    new LedgerKey(this, 'LedgerKey', { systemName, regions });
  }
}

/** The table of all regions, made from one of them. */
class LedgerStack extends Stack {
  constructor(scope: Construct, id: string, { systemName, regions }: Config, props: StackProps) {
    super(scope, id, props);
    new IdempotentLedgerTable(this, 'Ledger', { systemName, regions, tags: { system: systemName } });
  }
}

/** The table that says which region is home: only where one is. */
class AuthorityStack extends Stack {
  constructor(scope: Construct, id: string, { systemName, regions }: Config, props: StackProps) {
    super(scope, id, props);
    new HomeAuthorityTable(this, 'Authority', { systemName, regions, tags: { system: systemName } });
  }
}

/** One region's part of the event mesh. It stands by itself: a team's own events can use it too. */
class MeshStack extends Stack {
  public readonly mesh: CrossRegionEventMesh;

  constructor(scope: Construct, id: string, { systemName, regions, transport }: Config, props: StackProps) {
    super(scope, id, props);
    this.mesh = new CrossRegionEventMesh(this, 'Mesh', { systemName, regions: regions.replicas, transport });
  }
}

/** What stands beside the system and is to be seen on its dashboard. */
type Beside = Pick<PaymentsDashboardProps, 'approvals' | 'cutover'>;

interface RegionStackProps extends StackProps {
  readonly mesh: CrossRegionEventMesh;
  readonly beside: Beside;
}

/** What takes payments in one region, and tells of them. It refers to no other stack, so it deploys while another region is down. */
export class RegionStack extends Stack {
  public readonly api: ActiveActivePaymentsApi;
  public readonly mesh: CrossRegionEventMesh;

  constructor(scope: Construct, id: string, config: Config, { mesh, beside, ...props }: RegionStackProps) {
    super(scope, id, props);
    const { systemName, regions, domain, callers, parts } = config;
    this.mesh = mesh;
    const ledger = LedgerReplica.of(this, systemName, regions, { syntheticTenants: parts.canary ? [parts.canary.tenant] : [] });
    const hostedZone = HostedZone.fromHostedZoneAttributes(this, 'Zone', { hostedZoneId: domain.hostedZoneId, zoneName: domain.zoneName });
    this.api = new ActiveActivePaymentsApi(this, 'Api', {
      ledger,
      authorization: PaymentsAuthorization.jwt(callers),
      domain: {
        name: domain.name,
        hostedZone,
        records: domain.records,
        certificate: new Certificate(this, 'Certificate', {
          domainName: domain.name,
          validation: CertificateValidation.fromDns(hostedZone),
        }),
      },
    });
    const outbox = new LedgerOutbox(this, 'Outbox', { ledger, mesh });
    const consumers = [new Recorder(this, 'Recorder', { mesh }).consumer];
    if (config.pythonRecorder) consumers.push(new PythonRecorder(this, 'PythonRecorder', { mesh }).consumer);
    if (parts.edge) {
      new ReplicatedSite(this, 'Site', { systemName, regions: regions.replicas, folder: path.join(__dirname, parts.edge.folder) });
    }
    const canary = this.defineCanary(config);
    if (parts.dashboard) {
      new PaymentsDashboard(this, 'Operations', { api: this.api, mesh, outbox, consumers, canary, ...beside });
    }
    for (const [drilled, from] of Object.entries(parts.drill ? config.drilledFrom : {})) {
      if (from === this.region) this.defineDrill(config, drilled);
      if (drilled === this.region && mayFault(config)) new RegionFault(this, 'Fault', { api: this.api, mesh });
    }
  }

  /** The secret holds the canaries' OAuth client: see docs/canary.md. */
  private defineCanary({ systemName, domain, parts: { canary } }: Config): PaymentsCanary | undefined {
    if (!canary) return undefined;
    const clientSecret = Secret.fromSecretNameV2(this, 'CanaryClient', `${systemName}/canary-client`);
    return new PaymentsCanary(this, 'Canary', {
      api: this.api,
      tenant: canary.tenant,
      publicName: domain.name,
      client: { tokenUrl: canary.tokenUrl, clientSecret },
    });
  }

  /** The secret holds the prober's OAuth client: see docs/drill.md. */
  private defineDrill(config: Config, drilled: string): void {
    const { systemName, domain, parts } = config;
    const clientSecret = Secret.fromSecretNameV2(this, 'DrillClient', `${systemName}/drill-client`);
    new RegionDrill(this, 'Drill', {
      api: this.api,
      mesh: this.mesh,
      region: drilled,
      kind: parts.drill!.faults === 'BY_SCHEDULE' ? RegionDrillKind.FAULT : RegionDrillKind.DRAIN,
      faults: mayFault(config),
      publicName: domain.name,
      zoneName: domain.zoneName,
      prober: { tokenUrl: parts.drill!.tokenUrl, clientSecret },
      topic: alarmTopic(this, config),
    });
  }
}

/** Whether a region may be drilled by an experiment that makes its functions fail. */
function mayFault({ parts: { drill } }: Config): boolean {
  return (drill?.faults ?? 'NONE') !== 'NONE';
}

/** What browsers ask: in us-east-1, as CloudFront wants it, and by itself. It finds the buckets and the API by their names. */
class EdgeStack extends Stack {
  constructor(scope: Construct, id: string, { systemName, regions, domain, parts }: Config, props: StackProps) {
    super(scope, id, props);
    const { name } = parts.edge!;
    const hostedZone = HostedZone.fromHostedZoneAttributes(this, 'Zone', { hostedZoneId: domain.hostedZoneId, zoneName: domain.zoneName });
    const certificate = new Certificate(this, 'Certificate', { domainName: name, validation: CertificateValidation.fromDns(hostedZone) });
    new PaymentsEdge(this, 'Edge', {
      systemName,
      regions: regions.replicas,
      apiName: domain.name,
      domain: { name, hostedZone, certificate },
    });
  }
}

/** One region's documents. By themselves: the first region's stack sets the rules for all, and so comes after the others. */
class DocumentsStack extends Stack {
  constructor(scope: Construct, id: string, { systemName, regions, ledgerRegion }: Config, props: StackProps) {
    super(scope, id, props);
    // The rules stay in one stack, whatever regions are added and in whatever order they stand.
    const others = regions.replicas.filter((region) => region !== ledgerRegion);
    new ReplicatedDocuments(this, 'Documents', { systemName, regions: [ledgerRegion, ...others] });
  }
}

/** Keys, then the tables and the mesh, then the regions, whose stacks are returned. */
export function defineSystem(app: Construct, config: Config, beside: Beside = {}): RegionStack[] {
  const { systemName, account, regions } = config;
  const env = (region: string): Environment => ({ account, region });
  const keys = regions.replicas.map((region) => new KeyStack(app, `${systemName}-key-${region}`, config, { env: env(region) }));
  const ledger = new LedgerStack(app, `${systemName}-ledger`, config, { env: env(config.ledgerRegion) });
  for (const key of keys) ledger.addStackDependency(key);
  const authority =
    regions.authority && new AuthorityStack(app, `${systemName}-authority`, config, { env: env(regions.authority.replicas[0]) });
  const meshes = regions.replicas.map((region) => new MeshStack(app, `${systemName}-mesh-${region}`, config, { env: env(region) }));
  const beyond: Stack[] = config.parts.edge ? [new EdgeStack(app, `${systemName}-edge`, config, { env: env('us-east-1') })] : [];
  if (config.parts.documents) {
    beyond.push(
      ...regions.replicas.map((region) => new DocumentsStack(app, `${systemName}-documents-${region}`, config, { env: env(region) })),
    );
  }
  const stacks = regions.replicas.map((region, index) => {
    const stack = new RegionStack(app, `${systemName}-${region}`, config, { env: env(region), mesh: meshes[index].mesh, beside });
    stack.addStackDependency(ledger);
    if (authority) stack.addStackDependency(authority);
    stack.addStackDependency(meshes[index]);
    return stack;
  });
  const alarmed = [...meshes, ...beyond, ...stacks];
  for (const region of new Set(alarmed.map((stack) => stack.region))) {
    const here = alarmed.filter((stack) => stack.region === region);
    for (const stack of here) sendAlarms(stack, config);
    if (config.alarms.topicArns?.[region]) continue;
    const topic = new AlarmsStack(app, `${systemName}-alarms-${region}`, config, { env: env(region) });
    for (const stack of here) stack.addStackDependency(topic);
  }
  return stacks;
}
