/** What a function costs before its first request, and the example before its deployment: sizes, times to load, time to synthesise. */
import { statSync } from 'node:fs';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { functionEnvironment } from './function-subject';
import { median } from './subjects/statistics';
import { handlerSettings, settings } from '../bundles/bundle';
import { command, lastLines, root } from '../steps';

/** A function's code and how long it takes to load, each time in a fresh process. Times in milliseconds, medians. */
export interface Startup {
  readonly bytes: number;
  readonly loadMs: number;
  readonly loadCpuMs: number;
  /** Medians of each turn's ratio of our payments function to this one. */
  readonly ours: { readonly load: number; readonly loadCpu: number };
}

/** Bundles an entry exactly as the handlers are bundled, or with `whole` also what our build leaves out because Lambda never reaches it. */
export async function bundleAs(entry: string, outfile: string, whole = false): Promise<string> {
  await esbuild.build({
    ...(whole ? { ...settings, external: [] } : handlerSettings),
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    write: true,
    sourcemap: false,
    metafile: false,
  });
  return outfile;
}

const probe = `
const cpu = process.cpuUsage(), start = performance.now();
require(process.argv[1]);
const ms = performance.now() - start, used = process.cpuUsage(cpu);
process.stdout.write('\\n' + JSON.stringify({ ms, cpuMs: (used.user + used.system) / 1000 }));
process.exit(0);
`;

interface Load {
  readonly ms: number;
  readonly cpuMs: number;
}

/** Loads each file `times` times, taking turns. One of them is `payments`, ours. */
export async function startups(files: Readonly<Record<string, string>>, times: number): Promise<Readonly<Record<string, Startup>>> {
  const loads: Record<string, Load[]> = Object.fromEntries(Object.keys(files).map((name) => [name, []]));
  // One turn more than asked for: the first fills the file cache.
  for (let turn = 0; turn <= times; turn += 1) {
    for (const [name, file] of Object.entries(files)) {
      const load = await loadOnce(file);
      if (turn > 0) loads[name].push(load);
    }
  }
  return Object.fromEntries(
    Object.entries(files).map(([name, file]) => {
      const ratio = (of: (load: Load) => number): number => median(loads[name].map((load, turn) => of(loads.payments[turn]) / of(load)));
      return [
        name,
        {
          bytes: statSync(file).size,
          loadMs: median(loads[name].map(({ ms }) => ms)),
          loadCpuMs: median(loads[name].map(({ cpuMs }) => cpuMs)),
          ours: { load: ratio(({ ms }) => ms), loadCpu: ratio(({ cpuMs }) => cpuMs) },
        },
      ];
    }),
  );
}

async function loadOnce(file: string): Promise<Load> {
  const { code, output } = await command(process.execPath, ['-e', probe, file], {
    env: {
      ...functionEnvironment('bench'),
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      NODE_NO_WARNINGS: '1',
    },
  });
  if (code !== 0) throw new Error(`${path.relative(root, file)} cannot be loaded: ${lastLines(output, 10)}`);
  return JSON.parse(output.trim().split('\n').pop()!) as Load;
}

/** Seconds that `cdk synth` takes on the example, medians, without and with CDK's own template validation. */
export async function synthSeconds(output: string, times: number): Promise<{ readonly plain: number; readonly validated: number }> {
  const seconds = { plain: [] as number[], validated: [] as number[] };
  for (let turn = 0; turn < times; turn += 1) {
    for (const [kind, validation] of [
      ['plain', 'false'],
      ['validated', 'true'],
    ] as const) {
      const start = performance.now();
      const result = await command(
        'cdk',
        ['synth', '--all', '--quiet', '--no-notices', '--no-version-reporting', '--output', path.join(output, kind)],
        {
          cwd: path.join(root, 'examples', 'active-active'),
          env: {
            CDK_VALIDATION: validation,
            CDK_DISABLE_CLI_TELEMETRY: 'true',
            AWS_EC2_METADATA_DISABLED: 'true',
            CDK_HOME: path.join(root, '.tools', 'cdk-home'),
            NODE_NO_WARNINGS: '1',
          },
        },
      );
      if (result.code !== 0) throw new Error(`cdk synth exited with ${result.code}: ${lastLines(result.output, 20)}`);
      seconds[kind].push((performance.now() - start) / 1000);
    }
  }
  return { plain: median(seconds.plain), validated: median(seconds.validated) };
}
