import { awscdk, JsonFile } from 'projen';

const lineWidth = 140;

/** What the formatter decides. */
const layoutRules = [
  'indent',
  'quotes',
  'comma-dangle',
  'comma-spacing',
  'no-multi-spaces',
  'array-bracket-spacing',
  'array-bracket-newline',
  'object-curly-spacing',
  'object-curly-newline',
  'object-property-newline',
  'keyword-spacing',
  'brace-style',
  'space-before-blocks',
  'member-delimiter-style',
  'semi',
  'quote-props',
  'key-spacing',
  'no-multiple-empty-lines',
  'no-trailing-spaces',
];

const bareParticiple = {
  selector: 'VariableDeclarator > Identifier.id[name=/^(found|made|told)$/]',
  message: 'a bare participle does not say of what: give the name its noun',
};

const pure = 'pure code takes the time, chance and settings as arguments, so that a test or a simulation decides them';

/** Layout, limits and rules of the linter. `handlerSide`: globs of what runs inside Lambda. */
export function lintRules(project: awscdk.AwsCdkConstructLibrary, handlerSide: readonly string[]): void {
  const lint = project.eslint;
  if (!lint) throw new Error('the project has no linter');
  layout(project);
  limits(lint);
  handlers(
    lint,
    handlerSide.map((glob) => glob.replace(/\*$/, '*.ts').replace(/\.ts\.ts$/, '.ts')),
  );
  names(lint);
  tests(lint);
}

type Lint = NonNullable<awscdk.AwsCdkConstructLibrary['eslint']>;

function layout(project: awscdk.AwsCdkConstructLibrary): void {
  // Layout is the formatter's: the step `format` of `npm test` compares, `npx prettier --write .` writes. Not inside eslint, where it takes
  // longer.
  new JsonFile(project, '.prettierrc.json', {
    marker: false,
    obj: { printWidth: lineWidth, singleQuote: true, trailingComma: 'all', objectWrap: 'collapse', embeddedLanguageFormatting: 'off' },
  });
  project.addPackageIgnore('/.prettierrc.json');
  for (const rule of layoutRules) project.tryFindObjectFile('.eslintrc.json')?.addDeletionOverride(`rules.@stylistic/${rule}`);
}

function limits(lint: Lint): void {
  // Limits that keep files readable, and the core free of the clock, of chance and of the machine it runs on.
  lint.addRules({
    'max-lines': ['error', { max: 400 }],
    // tsc says it already, faster.
    'import/no-unresolved': ['off'],
    '@typescript-eslint/member-ordering': ['off'],
    // The formatter breaks code; this counts what it leaves alone: strings, comments and templates.
    '@stylistic/max-len': ['error', { code: lineWidth, ignoreUrls: true, ignoreRegExpLiterals: true }],
    '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
  });
  lint.addOverride({
    files: ['src/**/*.ts', 'local/**/*.ts', 'tools/**/*.ts', 'examples/**/*.ts'],
    rules: { 'max-lines-per-function': ['error', { max: 70 }] },
  });
  lint.addOverride({ files: ['src/**/*.ts'], rules: { '@typescript-eslint/no-explicit-any': 'error' } });
}

function handlers(lint: Lint, files: string[]): void {
  // The runtime's locale data takes as long to load as a tenth of a function: see kernel/grouped.ts.
  lint.addOverride({
    files,
    rules: {
      'no-restricted-properties': [
        'error',
        { property: 'toLocaleString', message: "it loads the runtime's locale data: grouped() of kernel/grouped.ts writes 1,000" },
      ],
    },
  });
  // Handlers are bundled: what they import is a devDependency of the package.
  lint.addOverride({ files, rules: { 'import/no-extraneous-dependencies': 'off' } });
}

function names(lint: Lint): void {
  lint.addOverride({
    files: ['src/**/*.ts', 'local/**/*.ts', 'tools/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', bareParticiple] },
  });
  lint.addOverride({
    files: ['src/kernel/**/*.ts', 'src/**/domain.ts', 'src/**/*.domain.ts', 'src/**/service.ts', 'src/**/*.service.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...['process', 'performance', 'setTimeout', 'setInterval'].map((name) => ({ name, message: pure })),
      ],
      'no-restricted-properties': [
        'error',
        ...[
          ['Date', 'now'],
          ['Math', 'random'],
        ].map(([object, property]) => ({ object, property, message: pure })),
      ],
      'no-restricted-syntax': [
        'error',
        bareParticiple,
        { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: pure },
        { selector: 'CallExpression[callee.name="Date"]', message: pure },
        { selector: 'MemberExpression[property.name=/^random(UUID|Bytes|Int|Fill|FillSync)$/]', message: pure },
        { selector: 'MemberExpression[property.name="getRandomValues"]', message: pure },
        { selector: 'ImportSpecifier[imported.name=/^random(UUID|Bytes|Int|Fill|FillSync)$/]', message: pure },
      ],
    },
  });
}

function tests(lint: Lint): void {
  // Node's runner collects the tests of a file by itself.
  lint.addOverride({
    files: ['examples/*/test/*.ts'],
    rules: {
      '@typescript-eslint/no-floating-promises': [
        'error',
        { allowForKnownSafeCalls: [{ from: 'package', name: 'test', package: 'node:test' }] },
      ],
    },
  });
  lint.addOverride({
    files: ['test/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'MemberExpression[object.name=/^(it|test|describe)$/][property.name="only"]',
          message: 'a test left alone switches all others off',
        },
        { selector: 'CallExpression[callee.name=/^(fit|fdescribe)$/]', message: 'a test left alone switches all others off' },
      ],
    },
  });
}
