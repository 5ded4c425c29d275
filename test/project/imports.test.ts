import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root } from './tracked-files';

/** For each rule of .dependency-cruiser.cjs an import that it must refuse: from, to. */
const planted: Readonly<Record<string, readonly [string, string]>> = {
  'kernel-imports-kernel': ['src/kernel/a.ts', 'src/ledger/model.ts'],
  'contract-imports-contract': ['src/ledger/contract.ts', 'src/ledger/protocol/domain.ts'],
  'domain-is-pure': ['src/ledger/protocol/domain.ts', 'node_modules/@aws-sdk/client'],
  'service-imports-inwards': ['src/ledger/protocol/refund.service.ts', 'src/ledger/aws.ts'],
  'aws-implements-ports': ['src/ledger/aws.ts', 'src/api/http/route.ts'],
  'http-translates': ['src/api/http/route.ts', 'src/ledger/protocol/service.ts'],
  'runtime-knows-no-area': ['src/runtime/log.ts', 'src/ledger/contract.ts'],
  'handler-makes-no-resources': ['src/runtime/log.ts', 'node_modules/constructs'],
  'handler-imports-no-construct': ['src/api/pay.handler.ts', 'src/api/payments-api.ts'],
  'handler-leaves-decisions-to-services': ['src/api/pay.handler.ts', 'src/ledger/protocol/domain.ts'],
  'command-reads-arguments': ['src/commands/remove/remove.command.ts', 'src/ledger/protocol/domain.ts'],
  'node-serves-commands': ['src/commands/files.node.ts', 'src/ledger/protocol/domain.ts'],
  'nobody-imports-a-command': ['src/runtime/log.ts', 'src/commands/remove/remove.command.ts'],
  'nobody-imports-a-handler': ['local/run.ts', 'src/api/pay.handler.ts'],
  'construct-runs-at-synth-only': ['src/api/payments-api.ts', 'src/ledger/protocol/service.ts'],
  'construct-imports-cdk-only': ['src/api/payments-api.ts', 'node_modules/zod'],
  'ledger-knows-no-api': ['src/ledger/table.ts', 'src/api/payments-api.ts'],
  'operations-stand-on-areas': ['src/api/payments-api.ts', 'src/operations/dashboard.ts'],
  'source-stands-alone': ['src/ledger/table.ts', 'local/model.ts'],
  'examples-use-the-public-api': ['examples/one/app.ts', 'src/ledger/table.ts'],
  'local-knows-templates-only': ['local/model.ts', 'src/ledger/table.ts'],
  'simulation-runs-the-core': ['test/simulation/world.ts', 'src/ledger/aws.ts'],
  'no-circles': ['src/kernel/a.ts', 'src/kernel/b.ts'],
  'no-circle-of-folders': ['local/alarms/alarms.ts', 'local/metrics/store.ts'],
  'tools-need-no-tests': ['tools/bench.ts', 'test/bench/engine.ts'],
  'no-missing-file': ['src/kernel/a.ts', 'src/kernel/nowhere.ts'],
};

interface Report {
  readonly summary: {
    readonly violations: readonly { readonly from: string; readonly to: string; readonly rule: { readonly name: string } }[];
    readonly ruleSetUsed: { readonly forbidden: readonly { readonly name: string }[] };
  };
}

/** Before a specifier whose import is of types. */
const typesOnly = 'type ';

/** A source tree with all the planted imports, and with one that every rule allows. */
function plant(folder: string): void {
  const imports = new Map<string, string[]>([
    // Types count: who reads one of the two has to read the other.
    ['src/kernel/b.ts', [`${typesOnly}./a`]],
    ['local/metrics/sources.ts', ['../alarms/evaluate']],
    ['local/alarms/evaluate.ts', []],
    ['src/ledger/protocol/service.ts', ['./domain']],
  ]);
  for (const [from, to] of Object.values(planted)) {
    const specifier = to.startsWith('node_modules/')
      ? to.slice('node_modules/'.length)
      : path.posix
          .relative(path.posix.dirname(from), to)
          .replace(/\.ts$/, '')
          .replace(/^(?!\.)/, './');
    imports.set(from, [...(imports.get(from) ?? []), specifier]);
    if (/^(src|local|test)\//.test(to) && !to.endsWith('nowhere.ts') && !imports.has(to)) imports.set(to, []);
  }
  for (const [file, specifiers] of imports) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    const lines = specifiers.map((specifier, at) =>
      specifier.startsWith(typesOnly)
        ? `import type { value as v${at} } from '${specifier.slice(typesOnly.length)}';`
        : `import { value as v${at} } from '${specifier}';`,
    );
    const values = specifiers.flatMap((specifier, at) => (specifier.startsWith(typesOnly) ? [] : [`v${at}`]));
    writeFileSync(path.join(folder, file), [...lines, `export const value: unknown = [${values.join(', ')}];`, ''].join('\n'));
  }
  for (const name of ['@aws-sdk/client', 'constructs', 'zod']) {
    mkdirSync(path.join(folder, 'node_modules', name), { recursive: true });
    writeFileSync(path.join(folder, 'node_modules', name, 'package.json'), JSON.stringify({ name, version: '1.0.0', main: 'index.js' }));
    writeFileSync(path.join(folder, 'node_modules', name, 'index.js'), 'exports.value = 1;\n');
  }
  writeFileSync(
    path.join(folder, 'package.json'),
    JSON.stringify({ name: 'planted', version: '1.0.0', dependencies: { '@aws-sdk/client': '1', constructs: '1', zod: '1' } }),
  );
  writeFileSync(path.join(folder, 'tsconfig.dev.json'), JSON.stringify({ compilerOptions: { module: 'node16' } }));
  cpSync(path.join(root, '.dependency-cruiser.cjs'), path.join(folder, '.dependency-cruiser.cjs'));
}

describe('the import table', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'imports-'));
  let report: Report;

  beforeAll(() => {
    plant(folder);
    const cli = path.join(root, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');
    const run = spawnSync(
      process.execPath,
      [cli, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'src', 'local', 'tools', 'examples', 'test'],
      { cwd: folder, encoding: 'utf8' },
    );
    report = JSON.parse(run.stdout) as Report;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('has a planted import for every rule', () => {
    expect(report.summary.ruleSetUsed.forbidden.map((rule) => rule.name).sort()).toEqual(Object.keys(planted).sort());
  });

  test.each(Object.entries(planted))('%s refuses %s', (rule, [from, to]) => {
    const found = report.summary.violations.filter(
      (violation) => violation.rule.name === rule && [from, path.posix.dirname(from)].includes(violation.from),
    );
    expect(found.map((violation) => violation.to.replace(/^\.\.?\//, ''))).toContainEqual(
      expect.stringMatching(new RegExp(`${path.posix.basename(to).replace(/\.ts$/, '')}|^${path.posix.dirname(to)}$`)),
    );
  });

  test('allows what the table allows', () => {
    expect(report.summary.violations.filter((violation) => violation.from === 'src/ledger/protocol/service.ts')).toEqual([]);
  });
});
