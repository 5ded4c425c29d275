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
    const versionId = await store.write(key, text, type);
    return { key, ...(versionId === undefined ? {} : { versionId }), sha256: sha256(text) };
  };
  const json = await keep('json', JSON.stringify(evidence), 'application/json');
  const page = await keep('html', drillPage(evidence), 'text/html; charset=utf-8');
  const result = { ...evidence.result, evidence: { bucket, html: page, json } };
  await store.write(drillKeys.result(id), JSON.stringify(result));
  return result;
}

/** Where a piece of evidence is, for people: its address, its version, and its hash. */
export function placeOf(name: string, bucket: string, { key, versionId, sha256: hash }: EvidencePart): string[] {
  return [`${name}: s3://${bucket}/${key}`, ...(versionId === undefined ? [] : [`Version ${versionId}`]), `SHA-256 ${hash}`];
}
