import path from 'node:path';
import ts from 'typescript';

/** The state machine and its steps, which one contract holds together. */
const root = path.join(__dirname, '..', '..');
const definition = path.join(root, 'src/cutover/constructs/definition.ts');
const steps = path.join(root, 'src/cutover/steps/service.ts');
const prechecks = path.join(root, 'src/cutover/checks/precheck.service.ts');

const config = ts.getParsedCommandLineOfConfigFile(
  path.join(root, 'tsconfig.dev.json'),
  {},
  { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined },
)!;
const options: ts.CompilerOptions = { ...config.options, noEmit: true, composite: false, incremental: false, types: ['node'] };

/** One text put in the place of another, which the file must have. */
interface Plant {
  readonly what: string;
  readonly file: string;
  readonly text: string;
  readonly planted: string;
  readonly error: RegExp;
}

const sources = new Map<string, ts.SourceFile | undefined>();
let before: ts.Program | undefined;

/** What the compiler says of the three files, by file. */
function errorsOf(plants: readonly Plant[]): ReadonlyMap<string, string> {
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (name, ...more) => {
    const own = plants.filter(({ file }) => path.normalize(name) === file);
    if (own.length > 0) {
      const text = own.reduce((sum, plant) => {
        expect(sum.split(plant.text)).toHaveLength(2);
        return sum.replace(plant.text, plant.planted);
      }, ts.sys.readFile(name)!);
      return ts.createSourceFile(name, text, more[0]);
    }
    // One copy of each for all programs: only what is planted is read anew.
    if (!sources.has(name)) sources.set(name, read(name, ...more));
    return sources.get(name);
  };
  const program = ts.createProgram([definition, steps, prechecks], options, host, before);
  before = program;
  return new Map(
    [definition, steps, prechecks].map((file) => [
      file,
      program
        .getSemanticDiagnostics(program.getSourceFile(file))
        .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
        .join('\n'),
    ]),
  );
}

test('machine, steps and checks compile as they are', () => {
  expect([...errorsOf([]).values()]).toEqual(['', '', '']);
}, 60_000);

const plant = (what: string, file: string, text: string, planted: string, error: RegExp): Plant => ({ what, file, text, planted, error });

/** What can stand beside each other, since the compiler tells of each by itself. */
const rounds: readonly (readonly Plant[])[] = [
  [
    plant('a misspelt branch', definition, '{ soaked: next,', '{ soakd: next,', /'soakd' does not exist/),
    plant('a missing branch', definition, ', rejected: rollback, expired: pause }', ', rejected: rollback }', /'expired' is missing/),
    plant(
      'a branch where the step waits',
      definition,
      '{ moved: reconcile }',
      '{ moved: reconcile, again: pause }',
      /'again' does not exist/,
    ),
    plant(
      'a branch to a step that does not find what it needs',
      definition,
      '{ changed: this.ends.ROLLED_BACK }',
      "{ changed: this.station('soak', 'Again') }",
      /Property 'phase' is missing/,
    ),
    plant('a step that nobody knows', definition, "this.station('recheck',", "this.station('rechek',", /'"rechek"' is not assignable/),
    plant('a step without a handler', steps, '  residency,\n', '', /'residency' is missing/),
    plant(
      'a check that reads what it does not name',
      prechecks,
      "reads: ['apiThrottles']",
      "reads: ['lambdaConcurrency']",
      /'apiThrottles' does not exist/,
    ),
  ],
  [plant('a handler for no step', steps, '  residency,\n', '  residency,\n  residence: residency,\n', /'residence' does not exist/)],
  [plant("another step's handler", steps, '  residency,\n', '  residency: drift,\n', /'StepHandler<"drift">' is not assignable/)],
];

test.each(rounds.map((round) => [round.map(({ what }) => what).join('; '), round] as const))(
  '%s: it does not compile',
  (_what, round) => {
    const errors = errorsOf(round);
    for (const { file, error } of round) expect(errors.get(file)).toMatch(error);
  },
  60_000,
);
