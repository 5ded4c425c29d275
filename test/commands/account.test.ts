import { callerIdentity, regionSettings } from '../../src/commands/account.aws';
import { endpointProblem, regionProblem, systemProblem } from '../../src/commands/options.service';
import { FakeAws } from '../runtime/fake-aws';

test("a person's own credentials go to AWS, and never to an address on this machine", () => {
  expect(regionSettings('us-east-1')).toEqual({ region: 'us-east-1' });
  const local = { accessKeyId: 'local', secretAccessKey: 'local' };
  for (const host of ['127.0.0.1', 'localhost']) {
    const endpoint = `http://${host}:4580/_local/aws/us-east-1`;
    expect(regionSettings('us-east-1', `http://${host}:4580/_local/aws/{region}`)).toEqual({
      region: 'us-east-1',
      endpoint,
      credentials: local,
    });
  }
  expect(regionSettings('eu-west-1', 'https://vpce.{region}.example.com')).toEqual({
    region: 'eu-west-1',
    endpoint: 'https://vpce.eu-west-1.example.com',
  });
});

test('the caller is asked for where the endpoint is, signed with keys that count for nothing', async () => {
  const aws = await FakeAws.start({ AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE' });
  try {
    const answer = '<Account>111122223333</Account><Arn>arn:aws:iam::111122223333:user/ana</Arn>';
    aws.answer = () => ({
      headers: { 'content-type': 'text/xml' },
      body: `<GetCallerIdentityResponse><GetCallerIdentityResult>${answer}</GetCallerIdentityResult></GetCallerIdentityResponse>`,
    });
    const identity = await callerIdentity(regionSettings('us-west-2', aws.url));
    expect(identity).toEqual({ account: '111122223333', arn: 'arn:aws:iam::111122223333:user/ana' });
    expect(aws.calls[0].headers.authorization).toContain('Credential=local/');
    aws.answer = () => ({
      headers: { 'content-type': 'text/xml' },
      body: '<GetCallerIdentityResponse><GetCallerIdentityResult></GetCallerIdentityResult></GetCallerIdentityResponse>',
    });
    await expect(callerIdentity(regionSettings('us-west-2', aws.url))).rejects.toThrow('sts in us-west-2 did not say whose credentials');
  } finally {
    await aws.stop();
  }
});

test('an option that is wrong is said with its value and what is allowed', () => {
  expect(regionProblem('from', 'us-east-1')).toBeUndefined();
  expect(regionProblem('from', 'Ohio')).toBe('--from Ohio: give the name of a region, such as us-east-1');
  expect(systemProblem('acme-pay')).toBeUndefined();
  expect(systemProblem('Acme')).toMatch(/^--system Acme: a system's name has 3 to 40 /);
  expect(endpointProblem(undefined)).toBeUndefined();
  expect(endpointProblem('http://127.0.0.1:4580/_local/aws/{region}')).toBeUndefined();
  expect(endpointProblem('nonsense')).toMatch(/^--endpoint-url: give an address/);
});
