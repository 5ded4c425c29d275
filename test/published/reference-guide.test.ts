import { readFileSync } from 'node:fs';
import path from 'node:path';
import { referenceFile, renderReference } from '../../tools/reference';
import { metricGroups, metricsOf } from '../../tools/reference/metrics';

test('docs/reference.md is what contracts, schemas and templates say', () => {
  const text = readFileSync(referenceFile, 'utf8');
  expect(text).toBe(renderReference());
  expect(text.match(/\(runbook\.md#/g)!.length).toBeGreaterThan(45);
  expect(text).not.toMatch(/undefined|NaN|\| 0 \|/);
});

test('the alarms are those of docs/alarms.md', () => {
  const namesIn = (text: string): string[] =>
    [...new Set([...text.matchAll(/^\| `(\w+?)(?:REGION)?` \|.*\(runbook\.md#/gm)].map(([, name]) => name))].sort();
  const all = namesIn(readFileSync(path.join(path.dirname(referenceFile), 'alarms.md'), 'utf8'));
  // Only with `GLOBAL_ENDPOINT`, and with drills by a fault, of which no whole template is kept: the text names them.
  const besides = ['MeshGlobalEndpointUnhealthy', 'FaultStop'];
  const reference = readFileSync(referenceFile, 'utf8');
  for (const name of besides) expect(reference).toContain(`\`${name}\``);
  expect([...namesIn(reference), ...besides].sort()).toEqual(all);
});

test('each metric has its meaning in the reference, and no other has', () => {
  for (const group of metricGroups) expect(Object.keys(group.meanings).sort()).toEqual(metricsOf(group).sort());
});
