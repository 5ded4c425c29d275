import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runCommand } from './run-command';
import { auditReaderOf } from '../../src/commands/audit-report/aws';
import { kmsSigner, parameterAudit } from '../../src/cutover/audit/aws';
import { AuditLog } from '../../src/cutover/audit/service';
import { clock } from '../../src/runtime/clock';
import { FakeServices } from '../cutover/fake-services';
import { FakeAws, refusal } from '../runtime/fake-aws';

const region = 'eu-central-1';
const folder = mkdtempSync(path.join(tmpdir(), 'audit-report-'));
let aws: FakeAws;
let services: FakeServices;

beforeAll(async () => {
  aws = await FakeAws.start({ AWS_REGION: 'us-east-1' });
  services = new FakeServices(aws);
  const log = new AuditLog(parameterAudit('acme-pay', region), kmsSigner(services.keyArn, region), clock);
  for (let at = 1; at <= 12; at += 1) {
    await log.append(() => ({
      key: `at-${at}`,
      by: ['ana'],
      entry: { what: 'unreachable', run: 'run-1', step: 'weights', detail: `attempt ${at}` },
    }));
  }
});
beforeEach(() => {
  services.instead = () => undefined;
  aws.calls.length = 0;
});
afterAll(async () => {
  await aws.stop();
  rmSync(folder, { recursive: true });
});

const command = (...args: string[]) =>
  runCommand(['audit-report', '--system', 'acme-pay', '--region', region, '--endpoint-url', aws.url, ...args]);

test('an unbroken audit is printed whole, read page by page in its own region, and asks for nothing but reading', async () => {
  const { code, output } = await command('--key', services.keyArn);
  expect(output).toContain('Unbroken');
  expect(output).toContain('attempt 12');
  expect(code).toBe(0);
  expect(aws.calls.every((call) => call.region === region)).toBe(true);
  expect(new Set(aws.actions)).toEqual(new Set(['GetParametersByPath', 'GetPublicKey']));
  expect(aws.inputs('GetPublicKey')).toEqual([{ KeyId: services.keyArn }]);
  expect(aws.inputs('GetParametersByPath')).toHaveLength(2);
});

test('without --key the alias is asked, and --output and --json take what would be printed', async () => {
  const [output, json] = [path.join(folder, 'audit.md'), path.join(folder, 'audit.json')];
  expect(await command('--output', output, '--json', json)).toEqual({ code: 0, output: `12 records, unbroken: ${output}\n` });
  expect(readFileSync(output, 'utf8')).toContain('attempt 1');
  expect(JSON.parse(readFileSync(json, 'utf8'))).toEqual({ systemName: 'acme-pay', region, unbroken: true, records: 12, problems: [] });
  expect(aws.inputs('GetPublicKey')).toEqual([{ KeyId: 'alias/acme-pay-cutover-audit' }]);
});

test('a record that was changed ends with 1 and names the record', async () => {
  const name = `${region} /acme-pay/cutover/audit/000007`;
  const before = services.parameters.get(name)!;
  services.parameters.set(name, before.replace('attempt 7', 'attempt 8'));
  const file = path.join(folder, 'broken.md');
  const { code, output } = await command('--output', file);
  services.parameters.set(name, before);
  expect(output).toMatch(/^record 7: /);
  expect(output).toContain('records, broken: ');
  expect(code).toBe(1);
});

test('an end that was cut off is seen by the record of an earlier report', async () => {
  const { code, output } = await command('--seen', `13:${'a'.repeat(64)}`, '--output', path.join(folder, 'cut.md'));
  expect(output).toMatch(/13/);
  expect(code).toBe(1);
});

test('the reader checks with the key that it is given, and without one no signature', async () => {
  const account = { systemName: 'acme-pay', region, endpointUrl: aws.url };
  const signed = await auditReaderOf(account, services.keyArn).report(account);
  expect([signed.unbroken, signed.records]).toEqual([true, 12]);
  expect(signed.text).toContain('11111111-2222-3333-4444-555555555555');
  const unchecked = await auditReaderOf(account).report(account);
  expect([unchecked.records, aws.inputs('GetPublicKey').length]).toEqual([12, 1]);
});

test('what AWS refuses is one line', async () => {
  services.instead = () => refusal('AccessDeniedException');
  const { code, output } = await command();
  expect([code, output.trim().split('\n')]).toEqual([1, [expect.stringContaining('AccessDeniedException')]]);
});

test.each([
  [['--key', ''], /'key' is "": give the key's ARN/],
  [['--seen', 'the last one'], /'seen' is "the last one": give RECORD:SHA256/],
  [['--region', 'Frankfurt'], /--region Frankfurt: give the name of a region/],
  [['--endpoint-url', 'nonsense'], /--endpoint-url: give an address/],
])('%j is a wrong argument', async (args, message) => {
  const { code, output } = await command(...args);
  expect(output).toMatch(message);
  expect([code, aws.calls]).toEqual([2, []]);
});
