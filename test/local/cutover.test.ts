import { readdirSync } from 'node:fs';
import { DemoProcess } from './demo-process';

jest.setTimeout(1_800_000);

let demo: DemoProcess;

afterAll(async () => {
  await demo?.discard();
});

test(
  'a whole cutover under load: nothing lost, nothing debited twice, the pause measured, every approver and change ' + 'in the audit',
  async () => {
    demo = new DemoProcess(['--example', 'migration', '--smoke', '--port', '0']);
    const code = await demo.ended;
    process.stdout.write(demo.output);
    expect(demo.failures()).toEqual([]);
    expect([code, demo.errors]).toEqual([0, '']);
    for (const line of [
      /pass {2}payments lost +0 /,
      /pass {2}debit count per key +max 1$/,
      /pass {2}pause while the accounts changed their home +[\d.]+ s/,
      /pass {2}audit: every approval names its approver/,
    ]) {
      expect(demo.output).toMatch(new RegExp(line, 'm'));
    }
    expect(readdirSync(demo.temp).filter((name) => name.startsWith('mrp-'))).toEqual([]);
  },
);
