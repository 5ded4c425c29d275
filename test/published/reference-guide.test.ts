import { readFileSync } from 'node:fs';
import { referenceFile, renderReference } from '../../tools/reference';
import { metricGroups, metricsOf } from '../../tools/reference/metrics';

test('docs/reference.md is what contracts, schemas and templates say', () => {
  const text = readFileSync(referenceFile, 'utf8');
  expect(text).toBe(renderReference());
  expect(text.match(/\(runbook\.md#/g)!.length).toBeGreaterThan(45);
  expect(text).not.toMatch(/undefined|NaN|\| 0 \|/);
});

test('each metric has its meaning in the reference, and no other has', () => {
  for (const group of metricGroups) expect(Object.keys(group.meanings).sort()).toEqual(metricsOf(group).sort());
});
