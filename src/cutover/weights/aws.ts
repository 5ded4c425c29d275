import { setIdentifier } from '../contract';
import { RecordShape, RecordTarget, StampedShape } from '../model';
import { PublicRecords } from './domain';
import { ControlPlaneUnreachable, RecordsPort } from './service';
import { elementsOf, escapeText, textOf } from './xml.domain';
import { AwsCall, CallRefused, CallUnanswered, signedCall } from '../../runtime/signed-call';

/** Whose records they are. */
export interface PublicName {
  readonly systemName: string;
  readonly hostedZoneId: string;
  /** Without a dot at the end. */
  readonly publicName: string;
}

const version = '/2013-04-01';
const namespace = 'https://route53.amazonaws.com/doc/2013-04-01/';

/** Route 53's control plane. It is in us-east-1, whatever region asks. */
async function route53(call: Pick<AwsCall, 'method' | 'path' | 'query' | 'body'>): Promise<string> {
  try {
    return await signedCall({
      service: 'route53',
      region: 'us-east-1',
      host: 'route53.amazonaws.com',
      headers: call.body ? { 'content-type': 'application/xml' } : {},
      ...call,
    });
  } catch (error) {
    if (error instanceof CallUnanswered) throw new ControlPlaneUnreachable(error.message, { cause: error });
    throw error;
  }
}

/** The weighted records of a public name. */
export function route53Records(name: PublicName): RecordsPort {
  const zone = `${version}/hostedzone/${name.hostedZoneId}/rrset`;
  return {
    read: async () => foundIn(await route53({ method: 'GET', path: zone, query: { name: `${name.publicName}.`, maxitems: '100' } }), name),
    replace: async (was, becomes) => {
      const sets = [
        ...(was.raw as readonly string[]).map((raw) => change('DELETE', raw)),
        ...(becomes ? recordsOf(name, becomes).map((raw) => change('CREATE', raw)) : []),
      ];
      const body =
        `<?xml version="1.0" encoding="UTF-8"?><ChangeResourceRecordSetsRequest ` +
        `xmlns="${namespace}"><ChangeBatch><Changes>${sets.join('')}</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>`;
      try {
        return { kind: 'accepted', changeId: lastPart(textOf(await route53({ method: 'POST', path: zone, body }), 'Id') ?? '') };
      } catch (error) {
        if (error instanceof CallRefused && error.code === 'InvalidChangeBatch') return { kind: 'refused', detail: error.message };
        throw error;
      }
    },
    isInSync: async (changeId) => {
      try {
        return textOf(await route53({ method: 'GET', path: `${version}/change/${changeId}` }), 'Status') === 'INSYNC';
      } catch (error) {
        if (error instanceof CallRefused && error.code === 'NoSuchChange') return 'unknown';
        throw error;
      }
    },
  };
}

/** Reads the records of the name out of a list that begins there. */
export function foundIn(list: string, { systemName, publicName }: PublicName): PublicRecords {
  const sets = elementsOf(list, 'ResourceRecordSet').filter((raw) => textOf(raw, 'Name') === `${publicName.toLowerCase()}.`);
  if (sets.length === 0) return { kind: 'none', raw: sets };
  const parts = sets.map((raw) => ({ ...stampOf(raw, systemName), ttl: Number(textOf(raw, 'TTL')), record: targetOf(raw) }));
  const [source, target] = ['source', 'target'].map((side) => parts.find((part) => part.side === side));
  const stamps = new Set(parts.map(({ stamp, ttl }) => `${stamp} ${ttl}`));
  if (!target || parts.some(({ side }) => side === undefined) || stamps.size !== 1 || parts.length !== (source ? 2 : 1)) {
    return { kind: 'other', description: sets.map(describe).join('; '), raw: sets };
  }
  const shape: RecordShape = { ttlSeconds: target.ttl, ...(source ? { source: source.record } : {}), target: target.record };
  return { kind: 'ours', stamped: { shape, stamp: target.stamp }, raw: sets };
}

function stampOf(raw: string, systemName: string): { readonly side?: string; readonly stamp: number } {
  const identifier = textOf(raw, 'SetIdentifier') ?? '';
  const parts = /^(.*)-(source|target)#(\d+)$/.exec(identifier);
  return parts && parts[1] === systemName && textOf(raw, 'Type') === 'CNAME' && textOf(raw, 'Weight') !== undefined
    ? { side: parts[2], stamp: Number(parts[3]) }
    : { stamp: -1 };
}

function targetOf(raw: string): RecordTarget {
  const healthCheckId = textOf(raw, 'HealthCheckId');
  return {
    value: (textOf(raw, 'Value') ?? '').replace(/\.$/, ''),
    ...(healthCheckId ? { healthCheckId } : {}),
    weight: Number(textOf(raw, 'Weight')),
  };
}

function recordsOf({ systemName, publicName }: PublicName, { shape, stamp }: StampedShape): string[] {
  const element = (name: string, content: string | number): string => `<${name}>${content}</${name}>`;
  const one = (side: 'source' | 'target', { value, healthCheckId, weight }: RecordTarget): string => {
    const record = element('ResourceRecord', element('Value', escapeText(value)));
    const members = [
      element('Name', `${escapeText(publicName)}.`),
      element('Type', 'CNAME'),
      element('SetIdentifier', escapeText(setIdentifier(systemName, side, stamp))),
      element('Weight', weight),
      element('TTL', shape.ttlSeconds),
      element('ResourceRecords', record),
      ...(healthCheckId ? [element('HealthCheckId', escapeText(healthCheckId))] : []),
    ];
    return element('ResourceRecordSet', members.join(''));
  };
  return [...(shape.source ? [one('source', shape.source)] : []), one('target', shape.target)];
}

/** A record is deleted by all its values: as it was read, so it is given back. */
const change = (action: 'DELETE' | 'CREATE', raw: string): string => `<Change><Action>${action}</Action>${raw}</Change>`;
const describe = (raw: string): string =>
  ['Type', 'SetIdentifier', 'Weight', 'Region', 'TTL', 'Value', 'HealthCheckId']
    .flatMap((name) => (textOf(raw, name) === undefined ? [] : [`${name} ${textOf(raw, name)}`]))
    .join(' ');
const lastPart = (text: string): string => text.slice(text.lastIndexOf('/') + 1);
