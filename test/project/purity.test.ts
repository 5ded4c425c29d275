import path from 'node:path';
import { loadESLint } from 'eslint';
import { root } from './tracked-files';

/** Lints a text as if it were a file of the repository, with the rules that need no types. */
async function complaints(file: string, text: string): Promise<string[]> {
  const ESLint = await loadESLint({ useFlatConfig: false });
  const typed = ['no-floating-promises', 'no-misused-promises', 'return-await', 'no-shadow'];
  const eslint = new ESLint({
    cwd: root,
    overrideConfig: {
      parserOptions: { project: null },
      rules: Object.fromEntries(typed.map((rule) => [`@typescript-eslint/${rule}`, 'off'])),
    },
  } as never);
  const [result] = await eslint.lintText(text, { filePath: path.join(root, file) });
  return result.messages.map((message) => message.ruleId ?? message.message);
}

describe('the pure core', () => {
  const outside = [
    'export const now = Date.now();\n',
    'export const now = new Date();\n',
    'export const now = Date();\n',
    'export const chance = Math.random();\n',
    'export const region = process.env.AWS_REGION;\n',
    'export const id = crypto.randomUUID();\n',
    "import { randomBytes } from 'node:crypto';\nexport const bytes = randomBytes(16);\n",
    'setTimeout(() => undefined, 1);\n',
    'export const time = performance.now();\n',
  ];

  test.each(outside)('may not say %j', async (text) => {
    for (const file of ['src/kernel/planted.ts', 'src/ledger/planted.domain.ts', 'src/ledger/planted.service.ts']) {
      expect((await complaints(file, text)).filter((rule) => rule.startsWith('no-restricted'))).not.toEqual([]);
    }
  });

  test('may read a date that it is given', async () => {
    expect(
      await complaints('src/kernel/planted.ts', 'export const year = (at: number): number => new Date(at).getUTCFullYear();\n'),
    ).toEqual([]);
  });
});

describe('limits', () => {
  const lines = (count: number): string => Array.from({ length: count }, (_, at) => `  console.log(${at});\n`).join('');

  test('a function has at most 70 lines', async () => {
    expect(await complaints('src/ledger/planted.ts', `export function long(): void {\n${lines(69)}}\n`)).toContain(
      'max-lines-per-function',
    );
    expect(await complaints('src/ledger/planted.ts', `export function short(): void {\n${lines(68)}}\n`)).toEqual([]);
  });

  test('a file has at most 400 lines', async () => {
    expect(await complaints('test/planted.test.ts', lines(401).replace(/^ {2}/gm, ''))).toContain('max-lines');
  });

  test('no test is left alone', async () => {
    expect(await complaints('test/planted.test.ts', "test.only('one', () => undefined);\n")).toContain('no-restricted-syntax');
  });

  test('nothing public is any', async () => {
    expect(await complaints('src/ledger/planted.ts', 'export interface Props {\n  readonly value: any;\n}\n')).toContain(
      '@typescript-eslint/no-explicit-any',
    );
  });
});
