/** The examples as a team would use them: synthesised by the CDK CLI with its template validation, then judged by cfn-lint. */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pythonEnvironment } from './python-environment';
import { Outcome, Step, command, failed, hasProgram, lastLines, passed, root, skipped, sum } from './steps';

const outputs = path.join(root, '.tools', 'examples');

/** One step to synthesise all examples, one to lint their templates. */
export function exampleSteps(): Step[] {
  return [
    { name: 'examples', run: synthesiseAll },
    { name: 'templates', run: lintTemplates },
  ];
}

/** What an example is asked for besides its default, as CDK context. */
const contexts: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'active-active': [
    [],
    ['replicas=us-east-1,eu-central-1', 'witness=us-east-2'],
    ['mode=HOME_REGION'],
    ['transport=GLOBAL_ENDPOINT'],
    ['faults=BY_SCHEDULE'],
  ],
  migration: [[], ['pace=REHEARSAL'], ['mode=STRONG']],
};

function exampleNames(): string[] {
  return readdirSync(path.join(root, 'examples'))
    .filter((name) => existsSync(path.join(root, 'examples', name, 'cdk.json')))
    .sort();
}

async function synthesiseAll(): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  for (const name of exampleNames()) {
    for (const context of contexts[name] ?? [[]]) outcomes.push(await synthesise(`examples/${name}`, context));
  }
  return outcomes.length > 0 ? sum(outcomes) : failed('there is no examples/*/cdk.json');
}

async function synthesise(app: string, context: readonly string[]): Promise<Outcome> {
  const output = path.join(outputs, [path.basename(app), ...context].join('-').replaceAll(/[=,]/g, '-'));
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  const result = await command(
    'cdk',
    [
      'synth',
      '--all',
      '--quiet',
      '--no-notices',
      '--no-version-reporting',
      '--output',
      output,
      ...context.flatMap((value) => ['--context', value]),
    ],
    {
      cwd: path.join(root, app),
      // No account, no credentials, no questions to AWS, no figures to anyone.
      env: {
        CDK_VALIDATION: 'true',
        CDK_DISABLE_CLI_TELEMETRY: 'true',
        AWS_EC2_METADATA_DISABLED: 'true',
        CDK_HOME: path.join(root, '.tools', 'cdk-home'),
        NODE_NO_WARNINGS: '1',
      },
    },
  );
  return result.code === 0
    ? passed(`${[app, ...context].join(' ')} synthesised`)
    : failed(`${app}: cdk synth exited with ${result.code}:`, lastLines(result.output, 60));
}

async function lintTemplates(): Promise<Outcome> {
  if (!hasProgram('python3')) return skipped('cfn-lint needs Python 3.10 or newer with venv: install python3 and python3-venv');
  const { folder, problem } = await pythonEnvironment('cfn-lint', path.join(root, 'tools', 'requirements.txt'));
  if (problem !== undefined) return failed(problem);
  const templates = existsSync(outputs)
    ? readdirSync(outputs, { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.template.json'))
        .sort()
    : [];
  if (templates.length === 0) return failed('no template was found: the step "examples" makes them');
  // One process for all: reading the resource specifications takes most of the time.
  // W3005: CDK writes a dependency also where a reference implies it.
  const { code, output } = await command(path.join(folder, 'bin', 'cfn-lint'), [
    '--format',
    'parseable',
    '--ignore-checks',
    'W3005',
    '--',
    ...templates.map((template) => path.join(outputs, template)),
  ]);
  const findings = output.replaceAll(`${outputs}${path.sep}`, '').split('\n');
  const bad = templates.filter((template) => findings.some((line) => line.startsWith(`${template}:`)));
  if (code !== 0 && bad.length === 0) return failed(`cfn-lint exited with ${code}:`, lastLines(output, 40));
  return {
    passed: templates.length - bad.length,
    failed: bad.length,
    skipped: 0,
    notes: bad.length > 0 ? [lastLines(findings.join('\n'), 60)] : [],
  };
}
