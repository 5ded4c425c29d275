import type { ApiEndpoint, FabricResource } from '../ground/model';
import type { ApiAnswer, TableCall } from '../ground/passing';
import { MetricStore, type MetricId } from '../metrics/store';

export interface MeasuresOptions {
  readonly resources: readonly FabricResource[];
  readonly apis: readonly ApiEndpoint[];
  /** What is measured is kept for so long. */
  readonly keepMs: number;
  readonly now: () => number;
}

/**
 * What API Gateway and DynamoDB would tell CloudWatch, by what the front door and the proxies see pass. It is measured for those who look
 * at a dashboard and while they do. Alarms do not get it: times on a busy machine would raise them, and say nothing of AWS.
 */
export class DashboardMeasures {
  private store?: MetricStore;
  private readonly apis: readonly { readonly region: string; readonly name: string; readonly stage: string }[];

  constructor(private readonly options: MeasuresOptions) {
    const { resources, apis } = options;
    this.apis = apis.flatMap(({ region, apiId, stage }) => {
      const api = resources.find((one) => one.type === 'AWS::ApiGateway::RestApi' && one.region === region && one.physicalId === apiId);
      return api ? [{ region, name: String(api.properties.Name), stage }] : [];
    });
  }

  /** Begins, or ends and forgets. */
  public work(begins: boolean): void {
    if (begins) this.store ??= new MetricStore(this.options.keepMs);
    else this.store = undefined;
  }

  public readonly answered = ({ region, status, tookMs }: ApiAnswer): void => {
    const { store } = this;
    if (!store || status === undefined) return;
    for (const { name, stage } of this.apis.filter((api) => api.region === region)) {
      const api = { region, namespace: 'AWS/ApiGateway', dimensions: { ApiName: name, Stage: stage } };
      const at = this.options.now();
      store.put({ ...api, name: 'Count' }, 1, at);
      store.put({ ...api, name: 'Latency' }, tookMs, at);
      store.put({ ...api, name: '4XXError' }, Number(status >= 400 && status < 500), at);
      store.put({ ...api, name: '5XXError' }, Number(status >= 500), at);
    }
  };

  public readonly called = ({ region, operation, body, status, tookMs }: TableCall): void => {
    const { store } = this;
    const isCounted = status === 200 || status >= 500;
    if (!store || !isCounted) return;
    const table = tableIn(body);
    if (table === undefined) return;
    const call = { region, namespace: 'AWS/DynamoDB', dimensions: { TableName: table, Operation: operation } };
    if (status === 200) store.put({ ...call, name: 'SuccessfulRequestLatency' }, tookMs, this.options.now());
    if (status >= 500) store.put({ ...call, name: 'SystemErrors' }, 1, this.options.now());
  };

  public values(metric: MetricId, from: number, to: number): readonly number[] {
    return this.store?.values(metric, from, to) ?? [];
  }

  public ids(): readonly MetricId[] {
    return this.store?.ids() ?? [];
  }
}

/** Calls of several tables are not told apart: CloudWatch has no more than one table in a metric. */
function tableIn(body: Buffer): string | undefined {
  try {
    const { TableName } = JSON.parse(body.toString()) as { TableName?: unknown };
    return typeof TableName === 'string' ? TableName.split('/').pop() : undefined;
  } catch {
    return undefined;
  }
}
