import { awscdk, github, javascript, release, typescript } from 'projen';
import { lintRules } from './projenrc/lint';

/** Roles that run inside Lambda: bundled into assets/, never compiled into lib/ (jsii would reject their imports). */
const handlerSide = [
  'src/runtime/**/*',
  'src/**/*.handler.ts',
  'src/**/aws.ts',
  'src/**/*.aws.ts',
  'src/**/service.ts',
  'src/**/*.service.ts',
  'src/**/domain.ts',
  'src/**/*.domain.ts',
  'src/**/http/**/*',
  'src/commands/**/*',
  'src/scenario/**/*',
];

/** Development packages that are published as ES modules only: jest gets them converted. */
const esmOnly = ['jose', '@redocly'];

const packageName = 'cdk-multi-region-payments';

const project = new awscdk.AwsCdkConstructLibrary({
  name: packageName,
  description:
    'Active-active, multi-region payments on AWS as CDK constructs: an idempotent ledger, its API, its events and its region cutover.',
  author: 'The cdk-multi-region-payments maintainers',
  authorAddress: 'maintainers@cdk-multi-region-payments.example',
  repositoryUrl: 'https://github.com/cdk-multi-region-payments/cdk-multi-region-payments.git',
  license: 'Apache-2.0',
  copyrightOwner: 'The cdk-multi-region-payments maintainers',
  keywords: ['aws', 'cdk', 'payments', 'multi-region', 'active-active', 'idempotency', 'dynamodb', 'global-tables'],

  cdkVersion: '2.263.0',
  constructsVersion: '10.8.1',
  jsiiVersion: '~6.0.0',
  packageManager: javascript.NodePackageManager.NPM,
  // The one program is named below: whether the build has made it changes nothing.
  autoDetectBin: false,
  minNodeVersion: '20.0.0',
  projenrcTs: true,
  projenrcTsOptions: { runner: typescript.TypeScriptRunner.tsx() },
  github: false,
  release: false,
  depsUpgrade: false,
  stability: 'experimental',
  defaultReleaseBranch: 'main',

  publishToPypi: { distName: 'cdk-multi-region-payments', module: 'cdk_multi_region_payments' },
  publishToMaven: {
    javaPackage: 'io.github.cdkmultiregionpayments',
    mavenGroupId: 'io.github.cdkmultiregionpayments',
    mavenArtifactId: 'cdk-multi-region-payments',
  },
  publishToGo: { moduleName: 'github.com/cdk-multi-region-payments/cdk-multi-region-payments-go' },

  devDeps: [
    '@aws-crypto/sha256-js',
    '@aws-cdk/cloudformation-diff',
    '@redocly/openapi-core',
    '@aws-sdk/client-cloudformation',
    '@aws-sdk/client-dynamodb-streams',
    '@aws-sdk/client-eventbridge@^3.1162.0',
    '@aws-sdk/client-account@^3.1169.0',
    '@aws-sdk/client-acm@^3.1169.0',
    '@aws-sdk/client-route-53@^3.1169.0',
    '@aws-sdk/client-secrets-manager@^3.1162.0',
    '@aws-sdk/client-service-quotas@^3.1138.0',
    '@aws-sdk/client-ssm@^3.1169.0',
    '@aws-sdk/client-sts@^3.1169.0',
    '@aws-sdk/client-sfn@^3.1162.0',
    '@aws-sdk/client-sns@^3.1162.0',
    '@aws-sdk/client-sqs@^3.1162.0',
    '@aws-sdk/signature-v4a',
    '@aws-sdk/client-iam',
    '@aws-sdk/client-kms',
    '@aws-sdk/client-s3',
    '@smithy/protocol-http',
    '@smithy/signature-v4',
    '@aws-lambda-powertools/idempotency@^2.35.0',
    '@aws-lambda-powertools/logger@^2.36.0',
    '@aws-lambda-powertools/metrics@^2.36.0',
    '@aws-lambda-powertools/tracer@^2.36.0',
    '@opentelemetry/api',
    '@opentelemetry/context-async-hooks',
    '@opentelemetry/propagator-aws-xray',
    'aws-xray-sdk-core@^3.12.0',
    '@aws-sdk/client-dynamodb@^3.1162.0',
    '@aws-sdk/client-lambda@^3.1162.0',
    '@aws-sdk/lib-dynamodb@^3.1162.0',
    '@dynoxide/linux-x64@1.2.1',
    '@smithy/node-http-handler',
    '@sparticuz/chromium@^147.0.0',
    '@types/aws-lambda',
    '@types/dns-packet@^5.6.5',
    'ajv@^8.20.0',
    'ajv-formats',
    'aws-cdk@2.1148.1',
    'asl-validator@^4',
    'aws-jwt-verify@^5.2.1',
    'cdk-nag@^3.0.2',
    'commander@^14',
    '@cyclonedx/cyclonedx-library@^10.3.0',
    'dependency-cruiser@^17',
    'dns-packet@^5.6.1',
    'esbuild@^0.28.2',
    'fast-check@^4.10.2',
    'fast-xml-parser@^5.12.1',
    'htmx-ext-sse@^2.2.4',
    'htmx.org@^2.0.9',
    'idiomorph',
    'jose',
    'markdown-it',
    'recheck',
    'knip@^5',
    'node@24',
    'playwright-core',
    'prettier@^3',
    'tsx',
    'yaml@^2.9.1',
    'zod@^4.6.7',
  ],

  sampleCode: false,
  excludeTypescript: handlerSide,
  docgen: true,
  eslintOptions: {
    dirs: ['src'],
    devdirs: ['test', 'examples', 'local', 'tools', 'projenrc', '.projenrc.ts'],
    fileExtensions: ['.ts'],
    ignorePatterns: ['*.js', '*.d.ts', 'node_modules/', 'coverage', 'cdk.out', 'test/consumers/'],
    projectService: false,
    tsconfigPath: './tsconfig.dev.json',
  },
  jestOptions: {
    updateSnapshot: javascript.UpdateSnapshot.NEVER,
    coverageText: false,
    junitReporting: false,
    jestConfig: {
      testTimeout: 30_000,
      // The examples import the package by its name, as a team does.
      moduleNameMapper: {
        [`^${packageName}$`]: '<rootDir>/src/index.ts',
        [`^${packageName}/runtime$`]: '<rootDir>/src/events/consumers/runtime.aws.ts',
      },
      maxWorkers: 2,
      collectCoverage: false,
      // Node's own coverage halves the speed of everything it watches, node_modules too; this one costs our files only.
      coverageProvider: 'babel',
      collectCoverageFrom: ['src/**/*.ts', 'local/**/*.ts', 'tools/**/*.ts'],
      coverageReporters: ['json-summary', 'lcov', 'text-summary'],
      globalSetup: '<rootDir>/test/setup-run.ts',
      // Not in the temporary directory: a run leaves nothing there.
      cacheDirectory: '<rootDir>/.tools/jest',
      setupFiles: ['<rootDir>/test/setup-environment.ts'],
      // The end-to-end tests want the machine for themselves: `npm test` runs them last, `npm test -- --only local` alone.
      testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/local/'],
      modulePathIgnorePatterns: ['<rootDir>/.tools/', '<rootDir>/dist/', '<rootDir>/lib/', '<rootDir>/assets/'],
      transform: { '[/\\\\]node_modules[/\\\\].+\\.m?js$': new javascript.Transform('<rootDir>/tools/jest-esm.cjs') },
      transformIgnorePatterns: [`/node_modules/(?!(${esmOnly.join('|')})/)`],
    },
  },
  gitignore: [
    '/assets/',
    '/runtime/',
    '/bin/',
    '/THIRD_PARTY_LICENSES',
    '/sbom.cdx.json',
    '/.tools/',
    'cdk.out/',
    'cdk.context.json',
    '*.tsbuildinfo',
    '/tmp/',
    '__pycache__/',
    '.DS_Store',
  ],
  tsconfigDevFile: 'tsconfig.dev.json',
  tsconfigDev: {
    // The consumers' apps are compiled against the packages, where they are tried.
    exclude: ['lib', 'dist', 'assets', '.tools', '**/cdk.out', 'test/consumers'],
    include: ['src/**/*.ts', 'test/**/*.ts', 'local/**/*.ts', 'examples/**/*.ts', 'tools/**/*.ts', 'projenrc/**/*.ts', '.projenrc.ts'],
    compilerOptions: {
      strict: true,
      skipLibCheck: true,
      types: ['node', 'jest', 'aws-lambda'],
      isolatedModules: true,
      noEmit: true,
      paths: { [packageName]: ['./src/index.ts'], [`${packageName}/runtime`]: ['./src/events/consumers/runtime.aws.ts'] },
    },
  },
});

lintRules(project, handlerSide);

// Versions that the registries of all four languages agree on: see docs/adr/0002-toolchain.md.
for (const [name, version] of Object.entries({
  'unrs-resolver': '1.12.2',
  '@aws-cdk/cloud-assembly-schema': '54.11.0',
  '@aws-cdk/asset-node-proxy-agent-v6': '2.1.2',
  // The idempotency package that the benchmark compares with: its newest wants this one, the logger's peers a newer one.
  '@aws-lambda-powertools/jmespath': '2.35.0',
})) {
  project.package.addField('overrides', { ...(project.package.manifest.overrides ?? {}), [name]: version });
}

// Checks of every change, and the release of a tag. Both run the two commands of the README; what publishes is the workflow alone.
const workflows = new github.GitHub(project, { mergify: false, pullRequestLint: false });
const { JobPermission: Permission } = github.workflows;
/** The programs that the packages of all four languages need. */
const checkedOut: github.workflows.JobStep[] = [
  { uses: 'actions/checkout@v4', with: { 'fetch-depth': 0 } },
  { uses: 'actions/setup-node@v4', with: { 'node-version': '24' } },
  { uses: 'actions/setup-python@v5', with: { 'python-version': '3.12' } },
  { uses: 'actions/setup-java@v4', with: { distribution: 'temurin', 'java-version': '17' } },
  { uses: 'actions/setup-go@v5', with: { 'go-version': '1.25', cache: false } },
];
const check = workflows.addWorkflow('check');
check.on({ pullRequest: {}, push: { branches: ['main'] } });
check.addJob('check', {
  runsOn: ['ubuntu-latest'],
  timeoutMinutes: 90,
  permissions: { contents: Permission.READ },
  steps: [...checkedOut, { run: '.ci/run' }],
});

const artifact = 'packages';
const publisher = new release.Publisher(project, {
  artifactName: artifact,
  buildJobId: 'build',
  workflowNodeVersion: '24',
  publibVersion: '0.2.1061',
  failureIssue: false,
});
publisher.publishToNpm({ trustedPublishing: true });
publisher.publishToPyPi({ trustedPublishing: true, attestations: true });
publisher.publishToMaven({ mavenServerId: 'central-ossrh' });
publisher.publishToGo({});
const publish = workflows.addWorkflow('release');
publish.on({ push: { tags: ['v*'] } });
publish.addJob('build', {
  runsOn: ['ubuntu-latest'],
  timeoutMinutes: 120,
  permissions: { contents: Permission.READ },
  env: { CI: 'true' },
  outputs: { artifact_id: { stepId: 'upload', outputName: 'artifact-id' } },
  steps: [
    ...checkedOut,
    { name: 'Test, build, list', run: 'npm run release -- --tag "$GITHUB_REF_NAME"' },
    { id: 'upload', uses: 'actions/upload-artifact@v4', with: { name: artifact, path: 'dist' } },
  ],
});
publish.addJobs(publisher._renderJobsForBranch('main', {}));

// The README's commands start from a clone with nothing installed: plain Node first, the rest from there.
// exec: a shell between npm and the command would keep a SIGINT to itself.
project.setScript('demo', 'exec node tools/run.mjs demo');
project.setScript('test', 'exec node tools/run.mjs test');
project.setScript('test:full', 'exec node tools/run.mjs test --full');
project.setScript('build', 'exec node tools/run.mjs build');
project.setScript('simulate', 'exec node tools/run.mjs simulate');
project.setScript('bench', 'exec node tools/run.mjs bench');
project.setScript('load', 'exec node tools/run.mjs load');
project.setScript('release', 'exec node tools/run.mjs release');
// npm 11 asks for each install script by name; npm 10 ignores the field.
project.package.addField('allowScripts', { esbuild: true, node: true, 'unrs-resolver': true, '@parcel/watcher': false });
// What a team may name: the constructs, what its functions use, and the schemas.
project.package.addField('exports', {
  '.': { types: './lib/index.d.ts', default: './lib/index.js' },
  './runtime': {
    import: { types: './runtime/index.d.mts', default: './runtime/index.mjs' },
    require: { types: './runtime/index.d.ts', default: './runtime/index.js' },
  },
  './schemas/*': './schemas/*',
  './.jsii': './.jsii',
  './package.json': './package.json',
});
// `npx cdk-multi-region-payments COMMAND`.
project.addBins({ [packageName]: 'bin/index.js' });
// Lockfile without the addresses of the registry that happened to be used.
project.npmrc.addConfig('omit-lockfile-registry-resolved', 'true');

// What a user installs: lib/, assets/ and the papers; not the local run, the tools or the examples.
project.npmignore?.addPatterns(
  '/local/',
  '/tools/',
  '/.ci/',
  '/.tools/',
  '/docs/',
  '/examples/',
  'cdk.out/',
  '/ARCHITECTURE.md',
  '/CONTRIBUTING.md',
  '/SECURITY.md',
  '/.dependency-cruiser.cjs',
  '/knip.json',
  '/.npmrc',
  '!/assets/',
  '!/runtime/',
  '!/bin/',
  '!/schemas/',
  '!/THIRD_PARTY_LICENSES',
  '!/sbom.cdx.json',
  '!/API.md',
);

project.synth();
