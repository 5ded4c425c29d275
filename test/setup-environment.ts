// The template validator of aws-cdk-lib makes a synth ten times slower; the examples' tests switch it on again.
process.env.CDK_VALIDATION ??= 'false';
// A developer's own credentials or region must not decide a test.
for (const name of [
  'AWS_PROFILE',
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'CDK_DEFAULT_ACCOUNT',
  'CDK_DEFAULT_REGION',
]) {
  delete process.env[name];
}
// What is looked up at each deployment puts the time of synthesis into the template.
process.env.SOURCE_DATE_EPOCH = '1764374400';
