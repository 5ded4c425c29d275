import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Template } from 'aws-cdk-lib/assertions';
import { newStack, regions } from './stacks';
import { LedgerReplica } from '../../src/index';

function deploymentOf(epoch: string | undefined): string {
  const kept = process.env.SOURCE_DATE_EPOCH;
  if (epoch === undefined) delete process.env.SOURCE_DATE_EPOCH;
  else process.env.SOURCE_DATE_EPOCH = epoch;
  try {
    const stack = newStack();
    LedgerReplica.of(stack, 'acme-pay', regions).lookUpStreamArn(stack, 'Stream');
    const [lookup] = Object.values(Template.fromStack(stack).findResources('Custom::LedgerStreamArn'));
    return lookup.Properties.Deployment as string;
  } finally {
    process.env.SOURCE_DATE_EPOCH = kept;
  }
}

test('what is looked up changes with each synthesis, so that CloudFormation asks again', () => {
  const before = Math.floor(Date.now() / 1000) * 1000;
  const made = Date.parse(deploymentOf(undefined));
  expect(made).toBeGreaterThanOrEqual(before);
  expect(made).toBeLessThanOrEqual(Date.now());
});

test('and with SOURCE_DATE_EPOCH it is the same template again', () => {
  expect(deploymentOf('1764374400')).toBe('2025-11-29T00:00:00Z');
  expect(() => deploymentOf('yesterday')).toThrow(
    "[Stack/Stream] 'environment variable SOURCE_DATE_EPOCH' is 'yesterday'; allowed: whole seconds since 1970; fix: ",
  );
});

test('nothing is looked up in another way, which would be asked for once', () => {
  // The rules of documents are set, not looked up: they are asked for again when they change.
  const setting = path.join('documents', 'constructs', 'copy-rules.ts');
  const src = path.join(__dirname, '..', '..', 'src');
  const users = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && readFileSync(path.join(src, file), 'utf8').includes("'aws-cdk-lib/custom-resources'"),
  );
  expect(users.sort()).toEqual([path.join('cdk', 'lookup.ts'), setting]);
});
