import { AuditPort } from './audit.service';
import { auditName, auditPath } from './cutover.contract';
import { CallRefused, jsonCall } from '../runtime/signed-call';

interface Parameter { readonly Name: string; readonly Value: string }

/** The audit in Parameter Store: one parameter a record, put without Overwrite, so that a place is taken once. */
export function parameterAudit(systemName: string, region: string): AuditPort {
  const call = <T>(action: string, body: object): Promise<T> => jsonCall<T>('ssm', region, `AmazonSSM.${action}`, body, '1.1');
  const seqOf = ({ Name }: Parameter): number => Number(Name.slice(Name.lastIndexOf('/') + 1));
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
      const { Parameters = [] } = await call<{ Parameters?: Parameter[] }>('GetParameters', { Names: seqs.map((seq) => auditName(systemName, seq)) });
      return new Map(Parameters.map((parameter) => [seqOf(parameter), parameter.Value]));
    },
    list: async () => {
      const found = new Map<number, string>();
      let from: string | undefined;
      do {
        const page = await call<{ Parameters?: Parameter[]; NextToken?: string }>('GetParametersByPath', { Path: auditPath(systemName), MaxResults: 10, ...(from ? { NextToken: from } : {}) });
        for (const parameter of page.Parameters ?? []) found.set(seqOf(parameter), parameter.Value);
        from = page.NextToken;
      } while (from);
      return found;
    },
  };
}

/** Reads a parameter of a region; undefined when there is none. */
export async function parameterOf(region: string, name: string): Promise<string | undefined> {
  const { Parameters = [] } = await jsonCall<{ Parameters?: Parameter[] }>('ssm', region, 'AmazonSSM.GetParameters', { Names: [name] }, '1.1');
  return Parameters[0]?.Value;
}
