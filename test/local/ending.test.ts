import { readdirSync } from 'node:fs';
import { DemoProcess, survivors, type ProcessEntry } from './demo-process';

jest.setTimeout(180_000);

const demos: DemoProcess[] = [];
afterAll(() => Promise.all(demos.map((each) => each.discard())));

/** The processes that hold a run together, by what they are started with. */
const parts: Readonly<Record<string, (entry: ProcessEntry) => boolean>> = {
  npm: ({ command }) => /^npm run demo/.test(command),
  'the launcher': ({ command }) => /^node tools\/run\.mjs demo/.test(command),
  'the run': ({ command }) => command.includes('launched.mjs'),
  'the supervisor': ({ command }) => command.includes('supervisor-process.mjs'),
};

const signals = ['SIGINT', 'SIGTERM'] as const;

test.each(Object.keys(parts).flatMap((part) => signals.map((signal) => [signal, part] as const)))(
  '%s to %s alone ends the whole run, and leaves nothing',
  async (signal, part) => {
    const demo = new DemoProcess(['--port', '0'], {}, 'by npm');
    demos.push(demo);
    await demo.line(/emulators of .* run/);
    const before = demo.tree();
    expect(before.filter(({ command }) => command.includes('emulator.py'))).toHaveLength(3);
    const [{ pid }, ...others] = before.filter(parts[part]);
    expect(others).toEqual([]);
    process.kill(pid, signal);
    expect(await survivors(before, 15_000)).toEqual([]);
    // npm on a newer Node keeps a cache of its own there.
    expect(readdirSync(demo.temp).filter((name) => name !== 'node-compile-cache')).toEqual([]);
  },
);
