/** Whether apps in several languages synthesise to the same templates. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Outcome, failed, passed } from './steps';

type Templates = Readonly<Record<string, unknown>>;

/** Every template of an app must equal that of the TypeScript app; both are in `cdk.out` of their folders. */
export function compare(folder: string, typescript: string, read = templates): Outcome {
  const [made, expected] = [folder, typescript].map((app) => read(path.join(app, 'cdk.out')));
  if (Object.keys(expected).length === 0) return failed('the TypeScript app made no template to compare with');
  const problems = Object.keys({ ...made, ...expected })
    .filter((name) => !isDeepStrictEqual(made[name], expected[name]))
    .map((name) => `${name} differs from TypeScript's: ${firstDifference(made[name], expected[name], '')}`);
  return problems.length === 0 ? passed(`${Object.keys(made).length} templates equal`) : failed(...problems);
}

/** The templates of a cloud assembly by file name. */
export function templates(output: string): Templates {
  const files = existsSync(output) ? readdirSync(output).filter((file) => file.endsWith('.template.json')) : [];
  return Object.fromEntries(files.map((file) => [file, JSON.parse(readFileSync(path.join(output, file), 'utf8')) as unknown]));
}

/** Templates without what a function's code makes different: the recorder's bundle depends on the folder that it is made in. */
export function templatesBesideCode(output: string): Templates {
  return Object.fromEntries(
    Object.entries(templates(output)).map(([file, template]) => [
      file,
      JSON.parse(JSON.stringify(template, withoutAsset).replace(/[0-9a-f]{64}/g, '<hash>')) as unknown,
    ]),
  );
}

/**
 * What holds data must keep its logical ID under a newer aws-cdk-lib: another one would replace it at a team's next deployment.
 *
 * @param newer templates that a newer version made of the app whose templates `lowest` are
 */
export function keepsData(newer: string, lowest: string, version: string): Outcome {
  const [made, expected] = [newer, lowest].map((output) =>
    Object.entries(templates(output)).flatMap(([file, template]) => kept(file, template)),
  );
  if (expected.length === 0) return failed('the app has nothing that holds data: there is nothing to compare');
  const lost = expected.filter((name) => !made.includes(name));
  return lost.length === 0
    ? passed(`aws-cdk-lib ${version}: ${expected.length} resources that hold data keep their logical IDs`)
    : failed(`with aws-cdk-lib ${version} these are others, and would be replaced: ${lost.join(', ')}`);
}

/** Resources that outlive their stack, each with its template, logical ID and type. */
function kept(file: string, template: unknown): string[] {
  const { Resources: resources = {} } = template as { Resources?: Record<string, { Type: string; DeletionPolicy?: string }> };
  return Object.entries(resources)
    .filter(([, { DeletionPolicy: policy }]) => policy !== undefined && policy !== 'Delete')
    .map(([id, { Type: type }]) => `${file} ${id} (${type})`);
}

/** Says where the CLI finds an asset: each app has it in another place. */
const withoutAsset = (key: string, value: unknown): unknown => (key.startsWith('aws:asset:') ? undefined : value);

/** Where two values part: the path and both sides, for a message. */
function firstDifference(left: unknown, right: unknown, at: string): string {
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) {
    return `at ${at || '/'} ${JSON.stringify(left)?.slice(0, 200)} instead of ${JSON.stringify(right)?.slice(0, 200)}`;
  }
  const [a, b] = [left as Record<string, unknown>, right as Record<string, unknown>];
  const key = Object.keys({ ...a, ...b }).find((name) => !isDeepStrictEqual(a[name], b[name])) ?? '';
  return firstDifference(a[key], b[key], `${at}/${key}`);
}
