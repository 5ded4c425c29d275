import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './tracked-files';
import { strongRegions } from '../../src/kernel/strong-regions';
import { witnessChoices, witnessTable } from '../../tools/witness';

const guide = readFileSync(path.join(root, 'docs', 'regions.md'), 'utf8');

test('the guide lists the regions of strong consistency as the package knows them, with their date', () => {
  const [, date, list] = /as of (\d{4}-\d\d-\d\d):\n\n([a-z0-9,\s-]+?)\n\n/.exec(guide) ?? [];
  expect(date).toBe(strongRegions.asOf);
  expect(list?.split(/,\s+/)).toEqual([...strongRegions.names]);
});

test('each table of witnesses is what its command prints', () => {
  const tables = [...guide.matchAll(/<!-- npx tsx tools\/witness\.ts (\S+) (\S+) -->\n([^]*?)\n<!-- end -->/g)];
  expect(tables.length).toBeGreaterThan(0);
  for (const [, one, other, table] of tables) expect(table).toBe(witnessTable([one, other]));
});

test('a replica waits for its nearest other member, and a witness is never a replica', () => {
  const choices = witnessChoices(['us-east-1', 'eu-central-1']);
  expect(choices).toHaveLength(strongRegions.names.length - 2);
  expect(choices.map(({ witness }) => witness)).not.toContain('us-east-1');
  const near = choices.find(({ witness }) => witness === 'us-east-2')!;
  expect([near.waits['us-east-1'].member, near.waits['eu-central-1'].member]).toEqual(['us-east-2', 'us-east-1']);
  const slower = choices.map(({ waits }) => Math.max(...Object.values(waits).map(({ ms }) => ms)));
  expect(slower).toEqual([...slower].sort((one, other) => one - other));
});
