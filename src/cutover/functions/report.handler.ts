import { clock } from '../../runtime/clock';
import { kmsSigner, parameterAudit } from '../audit/aws';
import { AuditReader, optionsOf, ReportOptions } from '../report/service';

function readerOf({ systemName, region, key }: ReportOptions): AuditReader {
  return new AuditReader(parameterAudit(systemName, region), key === undefined ? undefined : kmsSigner(key, region), clock);
}

/** Renders the audit for an auditor, as text. */
export async function handler(asked: unknown): Promise<string> {
  const options = optionsOf(asked);
  if (typeof options === 'string') return options;
  return (await readerOf(options).report(options)).text;
}
