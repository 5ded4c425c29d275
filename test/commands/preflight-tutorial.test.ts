import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import vm from 'node:vm';
import { App, AppProps } from 'aws-cdk-lib';
import ts from 'typescript';
import { stacksOfAssembly } from '../../src/commands/preflight/assembly.node';
import { PlannedStack, preflight, PreflightPorts, preflightText } from '../../src/commands/preflight/service';
import * as library from '../../src/index';
import { readTracked } from '../project/tracked-files';

const folder = mkdtempSync(path.join(tmpdir(), 'tutorial-'));
const account = '111122223333';
const tutorial = readTracked('docs/tutorial.md');

/** The text of the first block of the tutorial that begins so, after a heading. */
function blockAfter(heading: string, begins: string): string {
  const section = tutorial.split(`\n## ${heading}\n`)[1];
  const block = [...section.matchAll(/^```(?:ts)?\n([^]*?)^```/gm)].find(([, text]) => text.startsWith(begins));
  if (block === undefined) throw new Error(`no block of '${heading}' begins with '${begins}'`);
  return block[1];
}

/** The stacks of the tutorial's own program. */
function tutorialStacks(): readonly PlannedStack[] {
  let app: App | undefined;
  class Kept extends App {
    public constructor(props?: AppProps) {
      super({ ...props, outdir: folder });
      app = this;
    }
  }
  const load = createRequire(__filename);
  const program = ts.transpileModule(blockAfter('3. Two regions, one ledger', 'import'), {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, esModuleInterop: true },
  }).outputText;
  const modules = (name: string): unknown => {
    if (name === 'cdk-multi-region-payments') return library;
    return name === 'aws-cdk-lib' ? { ...(load(name) as object), App: Kept } : load(name);
  };
  const run = vm.compileFunction(program, ['require', 'exports', 'process']) as (...surroundings: unknown[]) => void;
  run(modules, {}, { env: { CDK_DEFAULT_ACCOUNT: account } });
  app!.synth();
  const stacks = stacksOfAssembly(folder);
  if (typeof stacks === 'string') throw new Error(stacks);
  return stacks;
}

/** A new account, prepared as the tutorial says: few functions may run at once in it. */
const newAccount: PreflightPorts = {
  account: () => Promise.resolve(account),
  regionStatus: () => Promise.resolve('ENABLED_BY_DEFAULT'),
  parameter: () => Promise.resolve('31'),
  stackStatus: () => Promise.resolve(undefined),
  stackResources: () => Promise.resolve([]),
  unreservedConcurrency: () => Promise.resolve(10),
  exists: () => Promise.resolve(false),
  secret: () => Promise.resolve(undefined),
  topic: () => Promise.resolve(undefined),
  tableCount: () => Promise.resolve(0),
  quota: (_, code) => Promise.resolve({ lambda: 10, apigateway: 10_000, dynamodb: 2_500, events: 300 }[code.split(' ')[0]]!),
  healthChecks: () => Promise.resolve({ used: 0, limit: 200 }),
  zone: () => Promise.resolve({ name: 'example.com', isPrivate: false, nameServers: ['ns-1.example'] }),
  delegatedTo: () => Promise.resolve(['ns-1.example']),
  certificate: () => Promise.resolve(undefined),
  nowMs: () => Date.parse('2026-11-30T00:00:00Z'),
};

afterAll(() => rmSync(folder, { recursive: true }));

test("the tutorial shows what preflight prints for the tutorial's program in a new account; '...' stands for lines", async () => {
  const result = await preflight(tutorialStacks(), undefined, newAccount);
  if (typeof result === 'string') throw new Error(result);
  const printed = preflightText(result).join('\n').split('\n');
  const shown = blockAfter('8. Ready to deploy?', 'warn').trimEnd().split('\n');
  let from = 0;
  for (const [index, line] of shown.entries()) {
    if (line === '...') continue;
    const at = printed.indexOf(line, from);
    // Without the dots before it, a line follows the one before.
    expect(`${at === -1 ? 'absent' : shown[index - 1] === '...' || at === from ? 'shown' : 'out of place'}: ${line}`).toBe(
      `shown: ${line}`,
    );
    from = at + 1;
  }
  expect(from).toBe(printed.length);
});
