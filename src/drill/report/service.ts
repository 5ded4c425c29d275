import { DrillEvidence, drillPage } from './page.domain';
import { sha256 } from '../../kernel/digest';
import { drillKeys } from '../contract';
import { DrillResult, EvidencePart } from '../model';
import { DrillStore } from '../ports';

/** Writes the evidence and the result with its places, which is returned. */
export async function keepEvidence(store: DrillStore, bucket: string, evidence: DrillEvidence): Promise<DrillResult> {
  const { id } = evidence.result;
  const keep = async (format: 'json' | 'html', text: string, type: string): Promise<EvidencePart> => {
    const key = drillKeys.evidence(id, format);
    await store.write(key, text, type);
    return { key, sha256: sha256(text) };
  };
  const json = await keep('json', JSON.stringify(evidence), 'application/json');
  const page = await keep('html', drillPage(evidence), 'text/html; charset=utf-8');
  const result = { ...evidence.result, evidence: { bucket, html: page, json } };
  await store.write(drillKeys.result(id), JSON.stringify(result));
  return result;
}
