import { randomUUID } from 'node:crypto';
import type { FabricResource } from '../ground/model';
import type { ConditionContext } from '../iam';
import type { BusPolicies } from './bus-policies';
import { describeEndpoint, globalEndpoints, type GlobalEndpoint } from './endpoints';
import { deniedByResource } from '../iam/resource-policy';

/** A call of EventBridge's API as it enters a region's proxy. */
export interface EventsCall {
  /** Region that answers: of the signature, or for an endpoint's events the one that the proxy asks about. */
  readonly region: string;
  /** For example `PutEvents`. */
  readonly operation: string;
  readonly body: Buffer;
}

export interface EventsAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export type EventsRouting =
  /** The fabric answers once the caller was judged for this. */
  | { readonly kind: 'answered'; readonly action: string; readonly resource: string; readonly answer: () => EventsAnswer }
  /** Events, for the buses of this region. The emulator knows neither the conditions on them nor policies of buses. */
  | { readonly kind: 'put'; readonly region: string; readonly puts: readonly EventPut[]; readonly body: Buffer };

/** What entries of PutEvents ask for, each once. */
export interface EventPut {
  /** The bus's ARN. */
  readonly resource: string;
  readonly context: ConditionContext;
}

export interface EventsApi {
  route(call: EventsCall): EventsRouting | undefined;
  /** Whether a bus's own policy denies a principal to put. */
  denies(region: string, put: EventPut, principalArn: string): boolean;
}

export interface EventCallsOptions {
  readonly accountId: string;
  readonly busPolicies: BusPolicies;
  /** Where an endpoint's events go now; undefined before the deployment is over. */
  readonly activeRegion: (endpoint: GlobalEndpoint) => string | undefined;
}

/** Answers what the emulator cannot: policies of buses, and global endpoints. */
export class EventCalls implements EventsApi {
  private endpoints: GlobalEndpoint[] = [];

  constructor(private readonly options: EventCallsOptions) {}

  /** Endpoints are known before they are deployed: stacks look them up while they are deployed themselves. */
  public declare(resources: readonly FabricResource[]): void {
    this.endpoints = globalEndpoints(resources, this.options.accountId);
  }

  public route({ region, operation, body }: EventsCall): EventsRouting | undefined {
    const input = parsed(body);
    switch (operation) {
      case 'PutEvents':
        return input.EndpointId === undefined ? this.put(region, input) : this.toEndpoint(region, input);
      case 'DescribeEndpoint':
        return this.describe(region, String(input.Name));
      case 'ListEndpoints':
        return this.list(region, String(input.NamePrefix ?? ''));
      case 'PutPermission':
      case 'RemovePermission':
        return this.changePolicy(region, operation, input);
      default:
        return undefined;
    }
  }

  public denies(region: string, { resource, context }: EventPut, principalArn: string): boolean {
    return deniedByResource(this.options.busPolicies.statements(region, resource.split('/').pop()!), {
      principal: { role: principalArn },
      action: 'events:PutEvents',
      resource,
      context: {
        ...Object.fromEntries(Object.entries(context).map(([key, [value]]) => [key, value])),
        'aws:principalarn': principalArn,
        'aws:principalaccount': this.options.accountId,
        'aws:principalisawsservice': 'false',
        'aws:securetransport': 'true',
      },
    });
  }

  private toEndpoint(entered: string, { EndpointId, ...input }: Record<string, any>): EventsRouting {
    const endpoint = this.endpoints.find(({ id }) => id === EndpointId);
    const region = endpoint && this.options.activeRegion(endpoint);
    if (!endpoint || region === undefined) {
      return answeredCall('events:PutEvents', '*', () =>
        failure('ResourceNotFoundException', `Endpoint ${EndpointId} does not exist in the local run (asked in ${entered})`),
      );
    }
    return this.put(region, input);
  }

  private put(region: string, input: Record<string, any>): EventsRouting {
    // Who names a bus by its ARN names one region's; an endpoint means the bus of that name in either.
    const entries = ((input.Entries ?? []) as Record<string, unknown>[]).map((entry) => ({
      ...entry,
      EventBusName: String(entry.EventBusName ?? 'default')
        .split('/')
        .pop()!,
    }));
    const puts = entries.map(({ EventBusName, Source, DetailType }: Record<string, unknown>): EventPut => ({
      resource: `arn:aws:events:${region}:${this.options.accountId}:event-bus/${EventBusName as string}`,
      context: {
        ...(Source === undefined ? {} : { 'events:source': [String(Source)] }),
        ...(DetailType === undefined ? {} : { 'events:detail-type': [String(DetailType)] }),
      },
    }));
    const once = new Map(puts.map((put) => [JSON.stringify(put), put]));
    return { kind: 'put', region, puts: [...once.values()], body: Buffer.from(JSON.stringify({ ...input, Entries: entries })) };
  }

  private describe(region: string, name: string): EventsRouting {
    const endpoint = this.endpoints.find((one) => one.region === region && one.name === name);
    const arn = `arn:aws:events:${region}:${this.options.accountId}:endpoint/${name}`;
    return answeredCall('events:DescribeEndpoint', arn, () =>
      endpoint ? json(200, describeEndpoint(endpoint)) : failure('ResourceNotFoundException', `Endpoint ${name} does not exist.`),
    );
  }

  private list(region: string, prefix: string): EventsRouting {
    const matching = this.endpoints.filter((one) => one.region === region && one.name.startsWith(prefix));
    return answeredCall('events:ListEndpoints', `arn:aws:events:${region}:${this.options.accountId}:endpoint/*`, () =>
      json(200, { Endpoints: matching.map(describeEndpoint) }),
    );
  }

  private changePolicy(region: string, operation: string, input: Record<string, any>): EventsRouting {
    const bus = String(input.EventBusName ?? 'default')
      .split('/')
      .pop();
    return answeredCall(`events:${operation}`, `arn:aws:events:${region}:${this.options.accountId}:event-bus/${bus}`, () => {
      if (operation === 'PutPermission') {
        this.options.busPolicies.putPermission(region, input);
      } else if (!this.options.busPolicies.removePermission(region, input)) {
        return failure('ResourceNotFoundException', `Statement ${input.StatementId} does not exist.`);
      }
      return json(200, {});
    });
  }
}

function answeredCall(action: string, resource: string, answer: () => EventsAnswer): EventsRouting {
  return { kind: 'answered', action, resource, answer };
}

function json(status: number, content: object): EventsAnswer {
  return {
    status,
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': randomUUID() },
    body: Buffer.from(JSON.stringify(content)),
  };
}

function failure(code: string, message: string): EventsAnswer {
  return json(400, { __type: code, message });
}

function parsed(body: Buffer): Record<string, any> {
  try {
    return JSON.parse(body.toString()) as Record<string, any>;
  } catch {
    return {};
  }
}
