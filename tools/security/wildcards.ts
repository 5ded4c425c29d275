import { Row } from './table';

/** Why a resource or an action has a wildcard. By its text in the table; where the resource is `*`, by the actions. */
export const reasons: Readonly<Record<string, string>> = {
  'dynamodb:ListStreams': 'lists names, and has no resource',
  'lambda:GetAccountSettings': "reads the account's concurrency, and has no resource",
  'states:SendTaskSuccess': "IAM has no resource for an answer to a task token: our code sends it for its own request's token alone",
  'states:SendTaskHeartbeat states:SendTaskSuccess': 'the same, and asks whether the execution still waits',
  'kms:*': "KMS's default: the account's identity policies decide, of which those of this table are all that the stacks make",
  'kms:{here}::key/*': 'a key cannot be named by its alias; the conditions admit the key with that alias, through one service alone',
  'kms:{peer}::key/*': 'the same in the other region',
  'dynamodb:{here}::table/acme-pay-ledger/stream/*': "a stream's name ends in the time when it was made",
  'events:{here}::rule/acme-pay-events/GlobalEndpointManagedRule-*': "EventBridge makes up the end of the rule's name; as AWS documents it",
  'events:{peer}::rule/acme-pay-events/GlobalEndpointManagedRule-*': 'the same in the other region',
  'lambda:{here}::function:<Gate/Verify/Function>:*': "the function with its versions and aliases, as Step Functions' own grant names it",
  'lambda:{here}::function:<Gate/Request/Function>:*': "the function with its versions and aliases, as Step Functions' own grant names it",
  'lambda:{here}::function:acme-pay-cutover-steps:*': 'the same',
  'route53:::change/*': "a change's ID is known when it is made",
  's3:::acme-pay-site-111122223333-{here}/*': "every file of the site: CloudFront reads them, the CDK's function copies them",
  's3:::acme-pay-docs-111122223333-{here}/*': 'every document of the region: S3 copies them, and has those copied that never were',
  's3:::acme-pay-docs-111122223333-{peer}/*': "every copy in the other region's bucket",
  's3:::acme-pay-docs-111122223333-{here}/.backfill/*': 'list and report of a backfill, under names that S3 makes up',
  's3:::<Edge/Logs/Bucket>/AWSLogs/111122223333/*': 'one object a delivery; the conditions admit that of this distribution alone',
  's3:::cdk-hnb659fds-assets-111122223333-{here}/*': "the bootstrap's bucket, in which the CDK's function finds the files under a hash",
  ...Object.fromEntries(
    ['calls.json', 'audit.json', 'end.json', 'prober.json', 'result.json', 'evidence.json', 'evidence.html'].map((name) => [
      `s3:::<Drill/Evidence-Bucket>/runs/*/${name}`,
      'one object a drill',
    ]),
  ),
  'lambda:{here}::function:acme-pay-drill-{peer}-prober:*': 'the function with its versions and aliases, as a grant to invoke names it',
  'lambda:{here}::function:<Drill/Functions/Look/Function>:*': 'the same',
  'lambda:{here}::function:<Drill/Functions/Region/Function>:*': 'the same',
  'lambda:{here}::function:<Drill/Functions/Report/Function>:*': 'the same',
  'states:{here}::execution:acme-pay-drill-{peer}:*': 'the drills of the one machine',
  'fis:{peer}::experiment-template/*': 'CloudFormation makes up the ID; the conditions admit what is tagged as this drill',
  'fis:{peer}::experiment/*': 'FIS makes up the ID; the conditions admit what is tagged as this drill',
  'fis:{peer}::safety-lever/*': 'AWS makes the one lever of the region, which a drill reads',
  'fis:ListExperimentTemplates': 'lists them, and has no resource: a drill finds its own by their tags',
  'fis:ListExperiments': 'the same',
  'fis:ListExperimentTemplates fis:ListExperiments': 'the same',
  's3:::<Fault/Bucket>/FisConfigs/*': 'what FIS says to its extension, under names that it makes up',
  'tag:GetResources': 'FIS asks for it in each role of an experiment, and it has no resource',
  'secretsmanager:{here}::secret:acme-pay/drill-client-??????': "the end of the secret's name, which Secrets Manager makes up",
  'secretsmanager:{here}::secret:acme-pay/canary-client-??????': 'the same',
  's3:::<Canary/Artifacts>/acme-pay-canary/*': 'what the runs of this canary leave, under names that Synthetics makes up',
  's3:::<Canary/Artifacts>/acme-pay-canary-name/*': 'the same of the other canary',
  's3:ListAllMyBuckets': 'lists names, and has no resource: Synthetics asks for it in every role of a canary',
  's3:Abort*': "as the CDK's BucketDeployment grants it to its function, on the site's bucket alone",
  's3:DeleteObject*': 'the same; the bucket keeps older versions, and nothing is pruned',
  's3:GetBucket*': "the same, and on the bootstrap's bucket",
  's3:GetObject*': "the same, and on the bootstrap's bucket",
  's3:List*': "the same, and on the bootstrap's bucket",
  'ssm:{here}::parameter/acme-pay/cutover/audit/*': 'one parameter a record',
  'states:{here}::execution:acme-pay-cutover:*': 'the executions of the one machine',
  'states:{peer}::execution:acme-pay-cutover:*':
    'the same: the machine stands in one of the regions that it moves between, unless cutoverRegion names it',
};

/** Every wildcard that allows something, as `reasons` knows it. */
export function wildcardsIn(rows: readonly Row[]): string[] {
  const wildcards = rows
    .filter(({ effect }) => effect === 'Allow')
    .flatMap(({ actions, resources }) => [
      ...actions.filter((action) => /[*?]/.test(action)),
      ...resources.filter((resource) => /[*?]/.test(resource)).map((resource) => (resource === '*' ? actions.join(' ') : resource)),
    ]);
  return [...new Set(wildcards)].sort();
}

export function wildcardLines(rows: readonly Row[]): string[] {
  return [
    '| wildcard | why |',
    '|---|---|',
    ...wildcardsIn(rows).map((found) => `| \`${found}\` | ${reasons[found] ?? '**the reason is missing**'} |`),
  ];
}
