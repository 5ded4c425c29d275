import { readdirSync } from 'node:fs';
import { DemoProcess } from './demo-process';

jest.setTimeout(1_800_000);

let demo: DemoProcess;

afterAll(async () => {
  await demo?.discard();
});

/** A figure of the scenario by its name. */
function figure(name: string): string | undefined {
  return new RegExp(`^  (?:pass|FAIL|    )  ${name}\\s+(.*)$`, 'm').exec(demo.output)?.[1];
}

test(
  'on two continents, with a global endpoint, the scenario passes: forwarded payments, links that are dropped, a home that is ' +
    'moved, a lost home, its takeover, its return, and nothing debited twice',
  async () => {
    demo = new DemoProcess(['--mode', 'HOME_REGION', '--transport', 'GLOBAL_ENDPOINT', '--smoke', '--port', '0']);
    const code = await demo.ended;
    process.stdout.write(demo.output);
    expect(demo.failures()).toEqual([]);
    expect([code, demo.errors]).toEqual([0, '']);
    expect(figure('tenants at home in each region')).toMatch(/us-east-1|eu-central-1/);
    expect(figure('payments of each home, entered in each region')).toBe('4 of 4');
    expect(figure('the home moved')).toMatch(/^moved/);
    expect(Number(/^([\d.]+) s/.exec(figure("from its last payment to the next home's first") ?? '')?.[1])).toBeLessThan(5);
    expect(Number(/^([\d.]+) s/.exec(figure('recovery time after the stop') ?? '')?.[1])).toBeLessThan(30);
    expect(figure('debit count per key')).toBe('max 1');
    expect(figure('payments that had not replicated, reported')).toMatch(/^(\d+) of \1$/);
    expect([figure('events missing'), figure('events in effect more than once')]).toEqual(['0', '0']);
    expect(readdirSync(demo.temp).filter((name) => name.startsWith('mrp-'))).toEqual([]);
  },
);
