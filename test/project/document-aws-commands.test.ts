import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { argumentsOf, codeOf, optionsIn } from './document-samples';
import { isApiReference, readTracked, root, trackedFiles } from './tracked-files';

/** Where AWS's command line names a service otherwise than the SDK. */
const clients: Readonly<Record<string, string>> = { events: 'eventbridge', s3api: 's3', stepfunctions: 'sfn' };

/** Of the command line itself, for every command. */
const everywhere = ['region', 'query', 'output', 'profile', 'max-items', 'cli-binary-format', 'cli-read-timeout'];

/** What the SDK's clients here do not know, with all that is written of it: each was looked up in the command line's own reference. */
const lookedUp: Readonly<Record<string, readonly string[]>> = {
  'apigateway get-stage': ['rest-api-id', 'stage-name'],
  'apigateway update-stage': ['rest-api-id', 'stage-name', 'patch-operations'],
  'cloudtrail lookup-events': [],
  'cloudwatch describe-alarms': ['alarm-name-prefix'],
  'cloudwatch set-alarm-state': ['alarm-name', 'state-value', 'state-reason'],
  'cognito-idp describe-user-pool-client': ['user-pool-id', 'client-id'],
  'dynamodb wait': ['table-name'],
  'fis list-experiments': [],
  'fis stop-experiment': ['id'],
  'fis update-safety-lever-state': ['id', 'state'],
  'logs tail': [],
  'route53 delete-health-check': ['health-check-id'],
  's3 rb': ['force'],
  'secretsmanager put-secret-value': [],
  'synthetics get-canary': ['name'],
  'synthetics get-canary-runs': ['name', 'max-results'],
  'synthetics start-canary': ['name'],
};

const plain = (name: string): string => name.replace(/-/g, '').toLowerCase();

/** The parameters of a service's operation, from the types of the SDK's client; undefined where there is no such client or operation. */
function parametersOf(service: string, operation: string): readonly string[] | undefined {
  const types = path.join(root, 'node_modules', '@aws-sdk', `client-${clients[service] ?? service}`, 'dist-types');
  const name = operation.replace(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  const file = path.join(types, 'commands', `${name}Command.d.ts`);
  if (!existsSync(file)) return undefined;
  const models = readdirSync(path.join(types, 'models'))
    .map((model) => readFileSync(path.join(types, 'models', model), 'utf8'))
    .join('\n');
  // `CommandInput extends X`, for some by way of a type of its own that is `Omit<X, ...>`.
  const bodies = [...readFileSync(file, 'utf8').matchAll(/(?:Input extends |InputType = Omit<)(\w+)/g)].flatMap(
    ([, input]) => models.split(`export interface ${input} {\n`)[1]?.split('\n}')[0] ?? [],
  );
  // Such as GetCallerIdentity, whose interface is empty.
  const [body = ''] = bodies;
  return [...body.matchAll(/^ {4}(\w+)\??:/gm)].map(([, member]) => plain(member));
}

/** What is wrong with the calls of AWS's command line in a text, one line each. */
function problemsOf(file: string, text: string): string[] {
  return codeOf(text)
    .flatMap((line) => [...line.matchAll(/(?<![\w-])aws ([a-z0-9-]+) ([a-z0-9-]+)(?=\s|$)(.*)$/g)])
    .flatMap(([call, service, operation, rest]) => {
      const options = optionsIn(argumentsOf(rest)).filter((name) => !everywhere.includes(name));
      const byHand = lookedUp[`${service} ${operation}`];
      const known = byHand?.map(plain) ?? parametersOf(service, operation);
      if (known === undefined) return [`${file}: '${call}': aws ${service} has no ${operation}`];
      const strange = options.find((name) => !known.includes(plain(name)) && !known.includes(plain(name.replace(/^no-/, ''))));
      return strange === undefined ? [] : [`${file}: '${call}': ${operation} has no option --${strange}`];
    });
}

const documents = trackedFiles().filter((file) => file.endsWith('.md') && !isApiReference(file));

test("calls of AWS's command line name operations and options that there are", () => {
  const calls = documents.flatMap((file) => codeOf(readTracked(file)).filter((line) => /(?<![\w-])aws [a-z0-9-]+ [a-z-]+ --/.test(line)));
  expect(calls.length).toBeGreaterThan(40);
  expect(documents.flatMap((file) => problemsOf(file, readTracked(file)))).toEqual([]);
});

test('what was looked up by hand is still written somewhere', () => {
  const all = documents.map(readTracked).join('\n');
  expect(Object.keys(lookedUp).filter((call) => !all.includes(`aws ${call}`))).toEqual([]);
});

test.each([
  ['```\naws sqs purge-queues --queue-url x\n```', 'aws sqs has no purge-queues'],
  ['Then `aws sqs purge-queue --queue-name x`', 'purge-queue has no option --queue-name'],
  ['```\naws lambda invoke \\\n  --function x --region y out.json\n```', 'invoke has no option --function'],
  ['```\nID=$(aws kms describe-key --key x --query KeyMetadata.KeyId)\n```', 'describe-key has no option --key'],
  ['`aws synthetics get-canary --canary x`', 'get-canary has no option --canary'],
])('%j is seen', (document, complaint) => {
  expect(problemsOf('x.md', document)).toEqual([expect.stringContaining(complaint)]);
});
