import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { paginateGetParametersByPath, SSMClient } from '@aws-sdk/client-ssm';
import { recordsAmong } from '../../cutover/audit/domain';
import type { AuditPort, AuditSigner } from '../../cutover/audit/service';
import { auditKey } from '../../cutover/audit/signature.domain';
import { auditPath } from '../../cutover/contract';
import { AuditReader } from '../../cutover/report/service';
import { clock } from '../../runtime/clock';
import { regionSettings } from '../account.aws';

export interface AuditAccount {
  readonly systemName: string;
  readonly region: string;
  /** Endpoint of AWS's services, if not AWS's own; `{region}` stands for the region. */
  readonly endpointUrl?: string;
}

/** Reads the audit of a system with the credentials that the SDK finds; `key`: the one that must have signed it. */
export function auditReaderOf(account: AuditAccount, key?: string): AuditReader {
  return new AuditReader(recordsOf(account), key === undefined ? undefined : publicKeyOf(key, account), clock);
}

function recordsOf({ systemName, region, endpointUrl }: AuditAccount): Pick<AuditPort, 'list'> {
  const client = new SSMClient(regionSettings(region, endpointUrl));
  return {
    list: async () => {
      const all: { Name: string; Value: string }[] = [];
      for await (const { Parameters = [] } of paginateGetParametersByPath({ client, pageSize: 10 }, { Path: auditPath(systemName) })) {
        all.push(...Parameters.map(({ Name = '', Value = '' }) => ({ Name, Value })));
      }
      return recordsAmong(systemName, all);
    },
  };
}

/** The public key that must have signed them. */
function publicKeyOf(keyName: string, { region, endpointUrl }: AuditAccount): Pick<AuditSigner, 'key'> {
  const client = new KMSClient(regionSettings(region, endpointUrl));
  return {
    key: async () => {
      const { KeyId, PublicKey } = await client.send(new GetPublicKeyCommand({ KeyId: keyName }));
      return auditKey(KeyId!, Buffer.from(PublicKey!).toString('base64'));
    },
  };
}
