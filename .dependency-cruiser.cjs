// Who may import whom: the table of ARCHITECTURE.md. A file's role is in its name; each rule says what to do instead.
const area = '^src/.+/';
const kernel = '^src/kernel/';
/** `contract.ts` and `api.contract.ts`, but not `subcontract.ts`. */
const named = (role) => `${area}[^/]*(?<=[/.])${role}\\.ts$`;
const contract = named('(contract|model)');
const domain = named('domain');
const service = named('(service|ports)');
/** Interfaces and the shapes that pass through them: types only. */
const ports = named('ports');
const aws = named('aws');
const http = '^src/api/http/';
const handler = '\\.handler\\.ts$';
const runtime = '^src/runtime/';
/** Commands of the package: they run on a person's machine. */
const command = '^src/commands/.+\\.command\\.ts$';
const terminal = '^src/commands/(terminal|init/disk)\\.ts$';
/** What commands take from Node besides: files, processes, connections. */
const node = '\\.node\\.ts$';
/** What `verify` tries a deployed system with, and `--smoke` the local run. */
const scenario = '^src/scenario/';
const cdk = 'node_modules/(aws-cdk-lib|constructs)/';
const sdk = 'node_modules/(@aws-sdk|@smithy|@aws-lambda-powertools)/';
/** Everything in src/ that runs inside Lambda. */
const handlerSide = [domain, service, aws, http, handler, runtime, command, terminal, node];
/** What remains: files that make resources. */
const construct = { path: '^src/', pathNot: [kernel, contract, ...handlerSide] };
const nodeCrypto = '^(node:)?crypto$';

/** A role may import the listed roles and nothing else. */
const onlyTo = (name, from, allowed, comment) => ({ name, severity: 'error', comment, from, to: { pathNot: allowed } });
const never = (name, from, to, comment) => ({ name, severity: 'error', comment, from, to });

module.exports = {
  forbidden: [
    onlyTo(
      'kernel-imports-kernel',
      { path: kernel },
      [kernel, nodeCrypto],
      'kernel is shared by all, so it depends on nothing: move the file to the area that needs the import',
    ),
    onlyTo(
      'contract-imports-contract',
      { path: contract },
      [kernel, contract],
      'construct and handler share contract and model: only names, types and limits belong there',
    ),
    onlyTo(
      'domain-is-pure',
      { path: domain },
      [kernel, contract, domain, ports],
      'a decision takes what it needs as arguments: put I/O behind a port of the service',
    ),
    onlyTo(
      'service-imports-inwards',
      { path: service },
      [kernel, contract, domain, service],
      'a use case talks to ports that it declares: implement the port in aws.ts',
    ),
    onlyTo(
      'aws-implements-ports',
      { path: aws },
      [kernel, contract, domain, service, aws, runtime, sdk, nodeCrypto],
      'aws.ts holds the ports on SDK clients and nothing else: requests are parsed in http/, resources are made by constructs',
    ),
    onlyTo(
      'http-translates',
      { path: http },
      [kernel, contract, http, 'node_modules/(zod|@types/aws-lambda)/'],
      'http/ translates between HTTP and the model: the handler passes it the use cases',
    ),
    onlyTo(
      'runtime-knows-no-area',
      { path: runtime },
      [runtime, kernel, 'node_modules/(?!aws-cdk-lib/|constructs/)', '^(node:)?[a-z_/]+$'],
      'runtime serves every handler: what one area needs belongs to that area',
    ),
    never(
      'handler-makes-no-resources',
      { path: [handler, ...handlerSide] },
      { path: cdk },
      'a function must not carry CDK: share names through contract.ts',
    ),
    never(
      'handler-imports-no-construct',
      { path: handler },
      { path: '^src/', pathNot: [kernel, contract, ...handlerSide] },
      'a function must not carry constructs: share names through contract.ts',
    ),
    never('handler-leaves-decisions-to-services', { path: handler }, { path: domain }, 'a handler parses and calls: let a service decide'),
    onlyTo(
      'command-reads-arguments',
      { path: command },
      [kernel, contract, service, aws, command, terminal, node, 'node_modules/commander/'],
      'a command reads arguments, builds ports and calls a service: put the procedure into a service',
    ),
    onlyTo(
      'node-serves-commands',
      { path: node },
      [kernel, contract, service, runtime, node, '^(node:)?[a-z_/]+$'],
      'it brings a command what Node has: put decisions into a service or a domain file',
    ),
    never(
      'nobody-imports-a-command',
      { pathNot: `${command}|^test/` },
      { path: command },
      'a command ends the process: move the shared part to a service',
    ),
    never(
      'nobody-imports-a-handler',
      { pathNot: '^test/' },
      { path: handler },
      'a handler reads its environment when loaded: move the shared part to a service',
    ),
    never(
      'construct-runs-at-synth-only',
      construct,
      { path: handlerSide },
      "jsii compiles constructs without the functions' dependencies: share names through contract.ts",
    ),
    never(
      'construct-imports-cdk-only',
      construct,
      { path: 'node_modules/', pathNot: [cdk] },
      'a package used by a construct must be bundled with ours: do without, or use it in a handler',
    ),
    never(
      'ledger-knows-no-api',
      { path: '^src/ledger/' },
      { path: '^src/api/' },
      'the API stands on the ledger, never the other way round',
    ),
    never(
      'operations-stand-on-areas',
      { path: '^src/', pathNot: '^src/(operations/|index\\.ts$)' },
      { path: '^src/operations/' },
      'what looks at the whole system stands on all areas: move what an area needs of it into that area',
    ),
    never(
      'source-stands-alone',
      { path: '^src/' },
      { path: '^(local|tools|test|examples|assets|bin|lib)/' },
      'only src/, assets/ and bin/ are published',
    ),
    never(
      'examples-use-the-public-api',
      { path: '^examples/' },
      { path: '^(src|local|tools|test|lib)/', pathNot: ['^src/index\\.ts$', '^src/events/consumers/runtime\\.aws\\.ts$'] },
      'an example imports what a user can: the index and the runtime',
    ),
    // trace.ts: a trace ID has one form, whoever begins the trace.
    // scenario: what is tried in a deployed system is tried here.
    // audit: the front door shows a cutover's audit as the auditor's own command does, verification included.
    never(
      'local-knows-templates-only',
      { path: '^local/' },
      {
        path: '^(src|examples)/',
        pathNot: [kernel, contract, scenario, '^src/runtime/trace\\.ts$', '^src/cutover/(report|audit)/(signature\\.)?domain\\.ts$'],
      },
      'the local run works for every app on these constructs: read what is needed from the cloud assembly',
    ),
    // mistakes/ plants errors in the core on purpose, with a bundler's help. subject.ts takes the stores of the mesh with their conditions.
    onlyTo(
      'simulation-runs-the-core',
      { path: '^test/simulation/', pathNot: '^test/simulation/(mistakes/|subject\\.ts)' },
      [
        '^test/',
        '^tools/memory/',
        kernel,
        contract,
        domain,
        service,
        'node_modules/(fast-check|esbuild|@aws-sdk/client-dynamodb)/',
        '^(node:)?[a-z_/]+$',
      ],
      'a simulation decides time and chance: only pure code and services with its own ports',
    ),
    never(
      'no-circles',
      { path: '^(src|local|tools)/' },
      { circular: true },
      'two files that need each other are one file, or lack a third below them; types count too',
    ),
    {
      ...never(
        'no-circle-of-folders',
        { path: '^(src|local|tools)' },
        { circular: true },
        'two folders that need each other are one, or lack a third below them; types count too',
      ),
      scope: 'folder',
    },
    never(
      'tools-need-no-tests',
      { path: '^tools/' },
      { path: '^test/' },
      'a tool works without the tests: move what both need into tools/',
    ),
    never('no-missing-file', {}, { couldNotResolve: true }, 'the import names a file or package that is not there'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(cdk\\.out|\\.tools|test/consumers)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.dev.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
    skipAnalysisNotInRules: true,
  },
};
