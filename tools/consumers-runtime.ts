/**
 * `cdk-multi-region-payments/runtime` as a team gets it: from the packed tarball, through the bundlers of the field, and each result takes
 * an event.
 */
import { cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { AddressInfo } from 'node:net';
import path from 'node:path';
import { Outcome, command, failed, hasProgram, lastLines, passed, root, skipped, sum } from './steps';

/** Installed in the team's folder, and nowhere else: the product needs none of them. */
export const bundlers = ['esbuild@0.28', 'rollup@4', '@rollup/plugin-node-resolve@16', 'webpack@5'];

/**
 * The forms to try: what the bundlers made in `folder`, what `NodejsFunction` made there, and the function as it is, in both module forms.
 */
export function forms(folder: string): string[] {
  const output = path.join(folder, 'cdk.out');
  const assets = readdirSync(output)
    .filter((name) => name.startsWith('asset.'))
    .flatMap((name) => filesIn(path.join(output, name)));
  return [...filesIn(path.join(folder, 'bundled')), ...assets, ...['handler.mjs', 'handler.cjs'].map((name) => path.join(folder, name))];
}

function filesIn(folder: string): string[] {
  return existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => /\.[cm]?js$/.test(name))
        .sort()
        .map((name) => path.join(folder, name))
    : [];
}

/** The forms as consumers of one system in the local run: one deployment, one event, and each takes it. */
export async function takeLocally(folder: string): Promise<Outcome> {
  if (!hasProgram('python3')) return skipped('the local run needs Python 3.10 or newer with venv (python3)');
  const files = forms(folder);
  for (const file of files) layOut(folder, file);
  const started = Date.now();
  const { code, output } = await command('node', ['--import', 'tsx', path.join(root, 'tools', 'consumers-local.ts'), folder], {
    env: { NODE_NO_WARNINGS: '1' },
  });
  if (code !== 0) return failed(`the forms in the local run: exited with ${code}:`, lastLines(output, 20));
  const outcomes = output
    .split('\n')
    .flatMap((line) =>
      line.startsWith('ok ') ? [passed()] : line.startsWith('FAIL ') ? [failed(`in the local run: ${line.slice('FAIL '.length)}`)] : [],
    );
  // A verdict on each form, and one on what they published.
  if (outcomes.length !== files.length + 1) {
    return failed(`the local run gave a verdict on ${outcomes.length - 1} forms; expected ${files.length}:`, lastLines(output, 20));
  }
  return sum([
    ...outcomes,
    { passed: 0, failed: 0, skipped: 0, notes: [`the local run with all forms took ${((Date.now() - started) / 1000).toFixed(0)} s`] },
  ]);
}

/** A form as the code of a function of its own. What was not bundled has the package beside it, without what only a CDK app needs. */
function layOut(folder: string, file: string): void {
  const from = path.relative(folder, file);
  const asset = /^cdk\.out\/asset\.(.{8})/.exec(from)?.[1];
  const name = asset ? `nodejs-function-${asset}` : path.basename(file).replaceAll('.', '-');
  const to = path.join(folder, 'deployed', name);
  mkdirSync(to, { recursive: true });
  // Without a package.json around it a .js file is CommonJS; the emulator looks for no .cjs file.
  cpSync(file, path.join(to, file.endsWith('.mjs') ? 'index.mjs' : 'index.js'));
  if (path.dirname(from) !== '.') return;
  const ours = path.join('node_modules', 'cdk-multi-region-payments');
  for (const part of ['package.json', 'runtime']) cpSync(path.join(folder, ours, part), path.join(to, ours, part), { recursive: true });
}

/** What is wrong with how a form takes an event; undefined when it took it and told of it. */
export async function takesAnEvent(folder: string, file: string): Promise<string | undefined> {
  const aws = await startAws();
  try {
    const { code, output } = await command('node', ['take.mjs', file], { cwd: folder, env: environment(folder, aws.endpoint) });
    const name = path.relative(folder, file);
    if (code !== 0) return `${name} exited with ${code}:\n${lastLines(output, 20)}`;
    const calls = aws.calls.join(', ');
    // The claim, a look whether the bus is there, the event of the team's own, and the record that the first one is done.
    return calls === 'PutItem, DescribeEventBus, PutEvents order.seen, UpdateItem'
      ? undefined
      : `${name} took the event by ${calls || 'no call'}, not by the claim, a look for the bus, its own event and the record`;
  } finally {
    await aws.close();
  }
}

/**
 * What the constructs write, and credentials where only the SDK's sources behind the environment find them: a bundle without those cannot
 * sign.
 */
function environment(folder: string, endpoint: string): Record<string, string> {
  return {
    AWS_REGION: 'us-east-1',
    AWS_ENDPOINT_URL: endpoint,
    AWS_EC2_METADATA_DISABLED: 'true',
    NODE_NO_WARNINGS: '1',
    AWS_ACCESS_KEY_ID: '',
    AWS_SECRET_ACCESS_KEY: '',
    AWS_PROFILE: 'team',
    AWS_SHARED_CREDENTIALS_FILE: path.join(folder, 'credentials.ini'),
    AWS_CONFIG_FILE: path.join(folder, 'none'),
    PAYMENTS_SYSTEM_NAME: 'acme-pay',
    MESH_BUS_NAME: 'acme-pay-events',
    MESH_SOURCE: 'acme.stock',
    MESH_DEAD_LETTER_QUEUE_URL: 'https://queue',
    CONSUMER_NAME: 'stock',
    CONSUMER_INBOX_TABLE: 'acme-pay-stock-inbox',
    CONSUMER_DEAD_LETTER_QUEUE_URL: 'https://queue',
    CONSUMER_HANDLER_TIMEOUT_MS: '10000',
    CONSUMER_MAX_ATTEMPTS: '5',
    CONSUMER_REMEMBER_DAYS: '30',
    CONSUMER_STALE_EVENTS: 'DELIVER',
    CONSUMER_SOURCES: 'acme.orders',
  };
}

interface Aws {
  readonly endpoint: string;
  readonly calls: string[];
  close(): Promise<void>;
}

/** Says yes to everything that is signed, and keeps what it was asked. */
async function startAws(): Promise<Aws> {
  const calls: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const action = String(request.headers['x-amz-target']).split('.').pop()!;
      const { Entries: entries = [] } = JSON.parse(Buffer.concat(chunks).toString()) as { Entries?: { DetailType: string }[] };
      calls.push([action, ...entries.map(({ DetailType }) => DetailType)].join(' '));
      const isSigned = request.headers.authorization?.includes('Credential=AKIDEXAMPLE/') ?? false;
      response.writeHead(isSigned ? 200 : 403, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(
        JSON.stringify(action === 'PutEvents' ? { FailedEntryCount: 0, Entries: entries.map((_entry, at) => ({ EventId: `${at}` })) } : {}),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
