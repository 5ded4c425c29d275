import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { keepsData } from '../../tools/consumers-templates';

let place: string;
beforeEach(() => (place = mkdtempSync(path.join(os.tmpdir(), 'keeps-'))));
afterEach(() => rmSync(place, { recursive: true }));

/** A cloud assembly with one template. */
function output(resources: object): string {
  const folder = mkdtempSync(path.join(place, 'out-'));
  writeFileSync(path.join(folder, 'Ledger.template.json'), JSON.stringify({ Resources: resources }));
  return folder;
}
const table = { Type: 'AWS::DynamoDB::GlobalTable', DeletionPolicy: 'Retain' };
const queue = { Type: 'AWS::SQS::Queue', DeletionPolicy: 'Delete' };

test('what holds data keeps its logical ID under another aws-cdk-lib', () => {
  expect(keepsData(output({ Table1: table, Other9: queue }), output({ Table1: table, Other1: queue }), '2.300.0')).toMatchObject({
    failed: 0,
    notes: ['aws-cdk-lib 2.300.0: 1 resources that hold data keep their logical IDs'],
  });
});

test.each([
  [{ Table2: table }, { Table1: table }, 'Ledger.template.json Table1 (AWS::DynamoDB::GlobalTable)'],
  [{ Table1: { ...table, DeletionPolicy: undefined } }, { Table1: table }, 'would be replaced'],
  [{ Table1: { ...table, Type: 'AWS::DynamoDB::Table' } }, { Table1: table }, 'would be replaced'],
  [{ Queue1: queue }, { Queue1: queue }, 'nothing that holds data'],
])('%j for %j is refused', (newer, lowest, complaint) => {
  expect(keepsData(output(newer), output(lowest), '2.300.0')).toMatchObject({ failed: 1, notes: [expect.stringContaining(complaint)] });
});
