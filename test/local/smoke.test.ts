import { readdirSync } from 'node:fs';
import { DemoProcess } from './demo-process';

jest.setTimeout(1_800_000);

let demo: DemoProcess;

afterAll(async () => {
  await demo?.discard();
});

test('the scripted scenario passes, in less than 2.5 GB, and leaves nothing', async () => {
  const started = Date.now();
  demo = new DemoProcess(['--smoke', '--port', '0']);
  const code = await demo.ended;
  // For whoever reads the log: the figures of this machine.
  process.stdout.write(`${demo.output}in all ${Math.round((Date.now() - started) / 1000)} s\n`);
  expect(demo.failures()).toEqual([]);
  expect([code, demo.errors]).toEqual([0, '']);
  expect(demo.output).toMatch(/^ {2}pass {2}events missing +0$/m);
  expect(demo.output).toMatch(/^ {2}pass {2}events in effect more than once +0$/m);
  // The watch on memory needs /proc.
  if (process.platform === 'linux') {
    expect(Number(/memory of the whole run, at most\s+([\d.]+) GB/.exec(demo.output)?.[1])).toBeLessThan(2.5);
  }
  expect(readdirSync(demo.temp).filter((name) => name.startsWith('mrp-'))).toEqual([]);
});

test('from the start to the first payment it takes less than 90 s', () => {
  const [, seconds] = /^\s*([\d.]+) s\s+the front door is open/m.exec(demo.output) ?? [];
  expect(Number(seconds)).toBeLessThan(90);
});
