import { hash } from 'node:crypto';
import { recordsAmong } from './domain';
import { AuditPort, AuditSigner } from './service';
import { AuditKey, auditKey } from './signature.domain';
import { onwards } from '../../kernel/pages';
import { CallRefused, jsonCall } from '../../runtime/signed-call';
import { auditName, auditPath } from '../contract';

interface Parameter {
  readonly Name: string;
  readonly Value: string;
}

/** The audit in Parameter Store: one parameter a record, put without Overwrite, so that a place is taken once. */
export function parameterAudit(systemName: string, region: string): AuditPort {
  const call = <T>(action: string, body: object): Promise<T> => jsonCall<T>('ssm', region, `AmazonSSM.${action}`, body, '1.1');
  return {
    put: async (seq, text) => {
      try {
        await call('PutParameter', { Name: auditName(systemName, seq), Value: text, Type: 'String', Tier: 'Standard', Overwrite: false });
        return 'written';
      } catch (error) {
        if (error instanceof CallRefused && error.code === 'ParameterAlreadyExists') return 'taken';
        throw error;
      }
    },
    read: async (seqs) => {
      const { Parameters = [] } = await call<{ Parameters?: Parameter[] }>('GetParameters', {
        Names: seqs.map((seq) => auditName(systemName, seq)),
      });
      return recordsAmong(systemName, Parameters).texts;
    },
    list: async () => {
      const all: Parameter[] = [];
      const next = onwards<string>(`the audit below ${auditPath(systemName)}`);
      let from: string | undefined;
      do {
        const page = await call<{ Parameters?: Parameter[]; NextToken?: string }>('GetParametersByPath', {
          Path: auditPath(systemName),
          MaxResults: 10,
          ...(from ? { NextToken: from } : {}),
        });
        all.push(...(page.Parameters ?? []));
        from = next(page.NextToken);
      } while (from);
      return recordsAmong(systemName, all);
    },
  };
}

/**
 * The key in KMS, by its ARN, or by its alias. It signs in KMS and verifies here: the public key is enough for that, so whoever may read it
 * needs no further right, and a worker that reads a long audit asks KMS once.
 */
export function kmsSigner(keyName: string, region: string): AuditSigner {
  const call = <T>(action: string, body: object): Promise<T> =>
    jsonCall<T>('kms', region, `TrentService.${action}`, { KeyId: keyName, ...body }, '1.1');
  let known: Promise<AuditKey> | undefined;
  return {
    key: () => {
      known ??= call<{ KeyId: string; PublicKey: string }>('GetPublicKey', {}).then(({ KeyId, PublicKey }) => auditKey(KeyId, PublicKey));
      // What could not be read is asked for again.
      known.catch(() => {
        known = undefined;
      });
      return known;
    },
    sign: async (text) =>
      (
        await call<{ Signature: string }>('Sign', {
          Message: hash('sha256', text, 'base64'),
          MessageType: 'DIGEST',
          SigningAlgorithm: 'ECDSA_SHA_256',
        })
      ).Signature,
  };
}

/** Reads a parameter of a region; undefined when there is none. */
export async function parameterOf(region: string, name: string): Promise<string | undefined> {
  const { Parameters = [] } = await jsonCall<{ Parameters?: Parameter[] }>(
    'ssm',
    region,
    'AmazonSSM.GetParameters',
    { Names: [name] },
    '1.1',
  );
  return Parameters[0]?.Value;
}
