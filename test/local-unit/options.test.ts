import path from 'node:path';
import { partsOf } from '../../examples/active-active/config';
import { exampleFolder } from '../../local/examples';
import { parts, parseDemoOptions as parse } from '../../local/options';

const parseDemoOptions = (args: readonly string[]) => parse(args, exampleFolder);

test('without options: the example, on the usual port, until Ctrl-C', () => {
  expect(parseDemoOptions([])).toEqual({ port: 4580, smoke: false, appDirectory: path.resolve(__dirname, '../../examples/active-active') });
});

test('every option', () => {
  expect(
    parseDemoOptions(['--port', '0', '--smoke', '--mode', 'STRONG', '--app', '/apps/mine', '--lag', '120', '--in-flight', '4']),
  ).toEqual({ port: 0, smoke: true, mode: 'STRONG', appDirectory: '/apps/mine', lagMs: 120, inFlight: 4 });
});

test('a stage of an app is named as the app names it', () => {
  expect(parseDemoOptions(['--app', '/apps/mine', '--stage', 'Europe/Prod'])).toEqual({
    port: 4580,
    smoke: false,
    appDirectory: '/apps/mine',
    stage: 'Europe/Prod',
  });
});

test("the migration example goes on at the pace of a rehearsal, a team's own app at its own", () => {
  expect(parseDemoOptions(['--example', 'migration'])).toMatchObject({
    appDirectory: path.resolve(__dirname, '../../examples/migration'),
    context: { pace: 'REHEARSAL' },
  });
  expect(parseDemoOptions(['--app', '/apps/mine']).context).toBeUndefined();
});

test('the regions of the example go to the app as context', () => {
  expect(parseDemoOptions(['--mode', 'STRONG', '--replicas', 'us-east-1,eu-central-1', '--witness', 'us-east-2'])).toMatchObject({
    mode: 'STRONG',
    context: { replicas: 'us-east-1,eu-central-1', witness: 'us-east-2' },
  });
  expect(parseDemoOptions(['--example', 'migration', '--replicas', 'eu-west-1, eu-north-1,eu-south-2']).context).toEqual({
    pace: 'REHEARSAL',
    replicas: 'eu-west-1,eu-north-1,eu-south-2',
  });
});

test('each part of the example can be asked for, and no other one', () => {
  for (const part of Object.keys(partsOf())) expect(parseDemoOptions(['--only', part]).context).toEqual({ only: part });
  expect(parseDemoOptions(['--only', 'edge, drill']).context).toEqual({ only: 'edge,drill' });
  expect(() => parseDemoOptions(['--only', 'edge,engine'])).toThrow("'engine' is not a part; give some of edge, documents, canary,");
});

test.each([
  [['--witness', 'us-east-2'], '--witness us-east-2 without --replicas: give both'],
  [['--replicas', 'us-east-1,Frankfurt'], "--replicas us-east-1,Frankfurt: 'Frankfurt' is not the name of a region, or it is given twice"],
  [
    ['--replicas', 'us-east-1,eu-central-1', '--witness', 'us-east-1'],
    "--replicas us-east-1,eu-central-1 --witness us-east-1: 'us-east-1' is not the name of a region, or it is given twice",
  ],
  [
    ['--mode', 'HOME_REGION', '--replicas', 'us-east-1,eu-central-1', '--witness', 'us-east-2'],
    '--witness us-east-2 with --mode HOME_REGION: only a STRONG table has a witness',
  ],
  [['--port', '65536'], '--port 65536 is not valid: give a whole number from 0 to 65535'],
  [['--port', '4e3'], '--port 4e3 is not valid: give a whole number from 0 to 65535'],
  [['--lag', '-1'], /ambiguous/],
  [['--lag=-1'], '--lag -1 is not valid: give a whole number from 0 to 10000'],
  [['--in-flight', '0'], '--in-flight 0 is not valid: give a whole number from 1 to 64'],
  [['--mode', 'strong'], '--mode strong is not known: give STRONG or HOME_REGION'],
  [['--example', 'other'], '--example other is not known: give active-active or migration'],
  [['--app', 'x', '--example', 'active-active'], '--app and --example exclude each other: give one of them'],
  [['--smok'], /^Unknown option '--smok': the options are --port N, --smoke/],
  [['fast'], /^Unexpected argument 'fast'/],
  [['--port'], /^Option '--port <value>' argument missing: the options are/],
])('%j is refused in one line', (args, message) => {
  expect(() => parseDemoOptions(args)).toThrow(message);
});

test('values for the app are given as the CDK CLI takes them', () => {
  expect(parseDemoOptions(['--app', '/apps/mine', '--context', 'pace=REHEARSAL', '--context', 'note=a=b']).context).toEqual({
    pace: 'REHEARSAL',
    note: 'a=b',
  });
  expect(() => parseDemoOptions(['--context', '=x'])).toThrow('--context =x is not valid: give KEY=VALUE, such as pace=REHEARSAL');
});

test('in the published package the app is in the working directory, and examples are made by init', () => {
  expect(parse([])).toMatchObject({ appDirectory: process.cwd() });
  expect(parse(['--app', '/apps/mine'])).toMatchObject({ appDirectory: '/apps/mine' });
  expect(() => parse(['--example', 'migration'])).toThrow(
    "--example migration is for a clone of the repository: write the example's app into a folder (npx cdk-multi-region-payments init",
  );
});

test('every part of the example can be asked for by name, and no other', () => {
  expect([...parts].sort()).toEqual(Object.keys(partsOf()).sort());
  expect(parseDemoOptions(['--only', 'canary, drill'])).toMatchObject({ context: { only: 'canary,drill' } });
  expect(() => parseDemoOptions(['--only', 'site'])).toThrow("--only site: 'site' is not a part");
});
