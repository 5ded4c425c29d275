import { randomUUID } from 'node:crypto';
import { child, childrenOf, readXml, textOf, writeXml, type Content, type Element } from './xml';
import type { Checkers } from '../dns/dns';
import type { RecordChange, RecordStore } from '../dns/record-store';
import { normalName, type RecordSet, type Routing } from '../dns/records';
import type { FabricService, ServiceAnswer, ServiceCall, ServiceRouting } from '../services/services';

/** Route 53's control plane is in one region for the whole world. */
export const controlPlane = 'us-east-1';

const namespace = 'https://route53.amazonaws.com/doc/2013-04-01/';
const base = '/2013-04-01';
const mostItems = 300;

interface Request {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Buffer;
}

/** Route 53's API as far as it is about records, changes and what checkers see. */
export class Route53Api implements FabricService {
  private dns?: Checkers;

  constructor(private readonly store: RecordStore) {}

  /** Checkers begin once all is deployed. */
  public use(dns: Checkers): void {
    this.dns = dns;
  }

  public route({ method, path, body }: ServiceCall): ServiceRouting {
    const [pathname, search] = path.split('?');
    const request = { method, path: decodeURIComponent(pathname).replace(/\/$/, ''), query: new URLSearchParams(search), body };
    return { region: controlPlane, ...this.find(request) };
  }

  private find(request: Request): Pick<ServiceRouting, 'needs' | 'answer'> {
    const { method, path } = request;
    const [kind, id = '', part = '', ...more] = path.startsWith(`${base}/`) ? path.slice(base.length + 1).split('/') : [];
    const named = (wanted: string, wantedPart: string): string | undefined =>
      kind === wanted && part === wantedPart && more.length === 0 && id !== '' ? id : undefined;
    const records = named('hostedzone', 'rrset');
    if (records && method === 'GET') {
      return { needs: [needed('ListResourceRecordSets', `hostedzone/${records}`)], answer: () => this.list(records, request.query) };
    }
    if (records && method === 'POST') return this.changeCall(records, request.body);
    const change = named('change', '');
    if (change && method === 'GET') return { needs: [needed('GetChange', `change/${change}`)], answer: () => this.changeStatus(change) };
    const check = named('healthcheck', 'status');
    if (check && method === 'GET') {
      return { needs: [needed('GetHealthCheckStatus', `healthcheck/${check}`)], answer: () => this.checkStatus(check) };
    }
    const one = named('hostedzone', '');
    if (one && method === 'GET') return { needs: [needed('GetHostedZone', `hostedzone/${one}`)], answer: () => this.zone(one) };
    return { needs: [], answer: () => refusal(501, 'NotImplemented', `the local run's Route 53 has no ${method} ${path}`) };
  }

  private changeCall(zoneId: string, body: Buffer): Pick<ServiceRouting, 'needs' | 'answer'> {
    const changes = changesOf(body.toString());
    if (typeof changes === 'string') return { needs: [], answer: () => refusal(400, 'InvalidInput', changes) };
    const distinct = (texts: readonly string[]): string[] => [...new Set(texts)];
    const context = {
      'route53:changeresourcerecordsetsnormalizedrecordnames': distinct(changes.map(({ record }) => record.name)),
      'route53:changeresourcerecordsetsrecordtypes': distinct(changes.map(({ record }) => record.type)),
      'route53:changeresourcerecordsetsactions': distinct(changes.map(({ action }) => action)),
    };
    return {
      needs: [{ ...needed('ChangeResourceRecordSets', `hostedzone/${zoneId}`), context }],
      answer: () => {
        const result = this.store.change(zoneId, changes);
        if (result.kind === 'accepted') {
          return answer({ ChangeResourceRecordSetsResponse: { ChangeInfo: changeInfo(result.id, 'PENDING', Date.now()) } });
        }
        return refusal(400, 'InvalidChangeBatch', `[${result.messages.join(', ')}]`);
      },
    };
  }

  private list(zoneId: string, query: URLSearchParams): ServiceAnswer {
    const limit = Math.min(Number(query.get('maxitems') ?? mostItems) || mostItems, mostItems);
    const from = sortKey({
      name: normalName(query.get('name') ?? ''),
      type: query.get('type') ?? '',
      setIdentifier: query.get('identifier') ?? '',
    });
    const all = [...this.store.list(zoneId)]
      .sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))
      .filter((record) => !query.get('name') || sortKey(record) >= from);
    const next = all[limit];
    return answer({
      ListResourceRecordSetsResponse: {
        ResourceRecordSets: { ResourceRecordSet: all.slice(0, limit).map(contentOf) },
        IsTruncated: next ? 'true' : 'false',
        MaxItems: limit,
        NextRecordName: next && `${next.name}.`,
        NextRecordType: next?.type,
        NextRecordIdentifier: next?.setIdentifier,
      },
    });
  }

  private changeStatus(id: string): ServiceAnswer {
    const change = this.store.changeStatus(id);
    if (!change) return refusal(404, 'NoSuchChange', `A change with id ${id} could not be found`);
    return answer({ GetChangeResponse: { ChangeInfo: changeInfo(id, change.status, change.submittedAt) } });
  }

  private checkStatus(id: string): ServiceAnswer {
    const checkers = this.dns?.checkers(id);
    if (!checkers) return refusal(404, 'NoSuchHealthCheck', `A health check with id ${id} does not exist.`);
    return answer({
      GetHealthCheckStatusResponse: {
        HealthCheckObservations: {
          HealthCheckObservation: checkers.map(({ healthy, reason, at }, index) => ({
            IPAddress: `127.0.0.${index + 1}`,
            Region: controlPlane,
            StatusReport: { CheckedTime: new Date(at).toISOString(), Status: `${healthy ? 'Success' : 'Failure'}: ${reason}` },
          })),
        },
      },
    });
  }

  private zone(id: string): ServiceAnswer {
    const names = this.store
      .list(id)
      .map(({ name }) => name.split('.').slice(1).join('.'))
      .sort((a, b) => a.length - b.length);
    return answer({
      GetHostedZoneResponse: {
        HostedZone: {
          Id: `/hostedzone/${id}`,
          Name: `${names[0] ?? 'local'}.`,
          CallerReference: id,
          Config: { PrivateZone: 'false' },
          ResourceRecordSetCount: this.store.list(id).length,
        },
        DelegationSet: { NameServers: { NameServer: ['ns-1.local'] } },
      },
    });
  }
}

function needed(action: string, resource: string): { readonly action: string; readonly resource: string } {
  return { action: `route53:${action}`, resource: `arn:aws:route53:::${resource}` };
}

function changeInfo(id: string, status: string, at: number): Content {
  return { Id: `/change/${id}`, Status: status, SubmittedAt: new Date(at).toISOString() };
}

function answer(content: Record<string, Content>, status = 200): ServiceAnswer {
  const text = writeXml(content).replace(/^<(\w+)>/, `<$1 xmlns="${namespace}">`);
  return { status, headers: { 'content-type': 'text/xml' }, body: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${text}`) };
}

function refusal(status: number, code: string, message: string): ServiceAnswer {
  return answer({ ErrorResponse: { Error: { Type: 'Sender', Code: code, Message: message }, RequestId: randomUUID() } }, status);
}

/** The changes of a batch, or what is wrong with it. */
function changesOf(body: string): readonly RecordChange[] | string {
  const batch = child(child(readXml(body), 'ChangeResourceRecordSetsRequest'), 'ChangeBatch');
  const asked = childrenOf(child(batch, 'Changes'), 'Change');
  if (asked.length === 0) return 'the batch has no changes';
  const changes: RecordChange[] = [];
  for (const one of asked) {
    const action = textOf(one, 'Action');
    const record = recordOf(child(one, 'ResourceRecordSet'));
    if (action !== 'CREATE' && action !== 'DELETE' && action !== 'UPSERT') {
      return `Value '${action}' at 'action' failed to satisfy constraint: Member must satisfy enum value set: [CREATE, DELETE, UPSERT]`;
    }
    if (typeof record === 'string') return record;
    changes.push({ action, record });
  }
  return changes;
}

function recordOf(element: Element | undefined): RecordSet | string {
  const [name, type] = [textOf(element, 'Name'), textOf(element, 'Type')];
  if (!name || !type) return 'a record set has no Name or Type';
  const alias = child(element, 'AliasTarget');
  const values = childrenOf(child(element, 'ResourceRecords'), 'ResourceRecord').flatMap((one) => textOf(one, 'Value') ?? []);
  if (!alias && values.length === 0) return `record set ${name} leads nowhere`;
  const setIdentifier = textOf(element, 'SetIdentifier');
  const routing = routingOf(element);
  if ((routing.routing === 'simple') !== (setIdentifier === undefined)) {
    return `record set ${name} has ${setIdentifier === undefined ? 'no' : 'a'} SetIdentifier, and its routing is ${routing.routing}`;
  }
  const [weight, healthCheckId] = [routing.weight, textOf(element, 'HealthCheckId')];
  if (weight !== undefined && !(Number.isInteger(weight) && weight >= 0 && weight <= 255)) {
    return `record set ${name} has weight ${weight}: 0 to 255 are allowed`;
  }
  return {
    name: normalName(name),
    type,
    ...routing,
    ...(setIdentifier === undefined ? {} : { setIdentifier }),
    ttlSeconds: alias ? 60 : Number(textOf(element, 'TTL') ?? 300),
    values: alias ? [normalName(textOf(alias, 'DNSName'))] : values.map(normalName),
    alias: alias !== undefined,
    evaluateTargetHealth: textOf(alias, 'EvaluateTargetHealth') === 'true',
    ...(healthCheckId ? { healthCheckId } : {}),
  };
}

function routingOf(element: Element | undefined): { readonly routing: Routing } & Pick<RecordSet, 'weight' | 'region' | 'failover'> {
  const [weight, region, failover] = ['Weight', 'Region', 'Failover'].map((name) => textOf(element, name));
  if (weight !== undefined) return { routing: 'weighted', weight: Number(weight) };
  if (region !== undefined) return { routing: 'latency', region };
  if (failover !== undefined) return { routing: 'failover', failover: failover as 'PRIMARY' | 'SECONDARY' };
  return { routing: textOf(element, 'MultiValueAnswer') === 'true' ? 'multivalue' : 'simple' };
}

/** In the order in which Route 53 writes it: whoever deletes a record gives it back like this. */
function contentOf(record: RecordSet): Content {
  return {
    Name: `${record.name}.`,
    Type: record.type,
    SetIdentifier: record.setIdentifier,
    Weight: record.weight,
    Region: record.region,
    Failover: record.failover,
    MultiValueAnswer: record.routing === 'multivalue' ? 'true' : undefined,
    ...(record.alias
      ? {
          AliasTarget: {
            HostedZoneId: record.zoneId ?? '',
            DNSName: `${record.values[0]}.`,
            EvaluateTargetHealth: String(record.evaluateTargetHealth),
          },
        }
      : { TTL: record.ttlSeconds, ResourceRecords: { ResourceRecord: record.values.map((value) => ({ Value: value })) } }),
    HealthCheckId: record.healthCheckId,
  };
}

/** Route 53 lists names by their labels from the last one on. */
function sortKey({ name, type, setIdentifier }: Pick<RecordSet, 'name' | 'type' | 'setIdentifier'>): string {
  return [name.split('.').reverse().join('.'), type, setIdentifier ?? ''].join('\u0000');
}
