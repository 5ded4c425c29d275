import { generateKeyPairSync } from 'node:crypto';
import { signDigest } from './p256';
import { AwsCall, AwsReply, FakeAws, refusal } from '../runtime/fake-aws';

const xml = (body: string, status = 200): AwsReply => ({
  status,
  body: `<?xml version="1.0"?>\n${body}`,
  headers: { 'content-type': 'text/xml' },
});
const sets = (text: string): string[] =>
  text
    .split('<ResourceRecordSet>')
    .slice(1)
    .map((part) => `<ResourceRecordSet>${part.split('</ResourceRecordSet>')[0]}</ResourceRecordSet>`);

/** The services that a cutover works with, as their APIs answer: Parameter Store, KMS, Route 53, CloudFormation. */
export class FakeServices {
  public readonly keyArn = 'arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555';
  /** By region and name. */
  public readonly parameters = new Map<string, string>();
  /** Record sets of the hosted zone, as they are given. */
  public records: string[] = [];
  /** Of a change that was made: what Route 53 says of it; a change that is not in here is one that nobody knows. */
  public readonly changes = new Map<string, 'PENDING' | 'INSYNC'>();
  public stackStatus = 'UPDATE_IN_PROGRESS';
  public resourceStatus = 'UPDATE_IN_PROGRESS';
  private readonly pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  /** Answers in place of the service's own. */
  public instead: (call: AwsCall) => AwsReply | undefined = () => undefined;

  constructor(public readonly aws: FakeAws) {
    aws.answer = (call) => this.instead(call) ?? this.answer(call);
  }

  private answer(call: AwsCall): AwsReply {
    switch (call.service) {
      case 'ssm':
        return this.parameterStore(call);
      case 'kms':
        return this.kms(call);
      case 'route53':
        return this.route53(call);
      case 'cloudformation':
        return this.cloudFormation(call);
      default:
        return call.action.startsWith('PUT ') ? {} : refusal('UnknownOperationException');
    }
  }

  /** Ten parameters a page; the token is the place. */
  private parameterStore({ action, region, input }: AwsCall): AwsReply {
    const own = [...this.parameters]
      .filter(([key]) => key.startsWith(`${region} `))
      .map(([key, Value]) => ({ Name: key.slice(region.length + 1), Value }));
    if (action === 'PutParameter') {
      const key = `${region} ${input.Name}`;
      if (this.parameters.has(key) && !input.Overwrite) return refusal('ParameterAlreadyExists');
      this.parameters.set(key, input.Value as string);
      return {};
    }
    if (action === 'GetParameters') {
      return { body: { Parameters: own.filter(({ Name }) => (input.Names as string[]).includes(Name)), InvalidParameters: [] } };
    }
    const below = own.filter(({ Name }) => Name.startsWith(`${String(input.Path).replace(/\/$/, '')}/`));
    const from = Number(input.NextToken ?? 0);
    const page = below.slice(from, from + (input.MaxResults as number));
    return { body: { Parameters: page, ...(from + page.length < below.length ? { NextToken: `${from + page.length}` } : {}) } };
  }

  private kms({ action, input }: AwsCall): AwsReply {
    if (action === 'GetPublicKey') {
      return { body: { KeyId: this.keyArn, PublicKey: this.pair.publicKey.export({ format: 'der', type: 'spki' }).toString('base64') } };
    }
    const secret = Buffer.from(this.pair.privateKey.export({ format: 'jwk' }).d!, 'base64url');
    return {
      body: { KeyId: this.keyArn, Signature: signDigest(Buffer.from(input.Message as string, 'base64'), secret).toString('base64') },
    };
  }

  private route53({ action, text, path, query }: AwsCall): AwsReply {
    if (path.includes('/change/')) {
      const id = path.split('/').pop()!;
      const status = this.changes.get(id);
      return status
        ? xml(`<GetChangeResponse><ChangeInfo><Id>/change/${id}</Id><Status>${status}</Status></ChangeInfo></GetChangeResponse>`)
        : xml('<ErrorResponse><Error><Code>NoSuchChange</Code><Message>no</Message></Error></ErrorResponse>', 404);
    }
    if (action.startsWith('GET ')) {
      const from = this.records.filter((one) => (/<Name>([^<]*)</.exec(one)?.[1] ?? '') >= query.name);
      return xml(
        `<ListResourceRecordSetsResponse><ResourceRecordSets>${from.join('')}</ResourceRecordSets></ListResourceRecordSetsResponse>`,
      );
    }
    const gone = text
      .split('<Change>')
      .slice(1)
      .filter((one) => one.startsWith('<Action>DELETE'))
      .flatMap(sets);
    const made = text
      .split('<Change>')
      .slice(1)
      .filter((one) => one.startsWith('<Action>CREATE'))
      .flatMap(sets);
    if (gone.some((one) => !this.records.includes(one))) {
      return xml(
        '<InvalidChangeBatch><Messages><Message>the values provided do not match the current ' +
          'values</Message></Messages></InvalidChangeBatch>',
        400,
      );
    }
    this.records = [...this.records.filter((one) => !gone.includes(one)), ...made];
    const id = `C${this.changes.size + 1}`;
    this.changes.set(id, 'INSYNC');
    return xml(
      `<ChangeResourceRecordSetsResponse><ChangeInfo><Id>/change/${id}</Id><Status>PENDING</Status>` +
        '</ChangeInfo></ChangeResourceRecordSetsResponse>',
    );
  }

  private cloudFormation({ action, input }: AwsCall): AwsReply {
    if (action === 'DescribeStacks') return xml(`<Stacks><member><StackStatus>${this.stackStatus}</StackStatus></member></Stacks>`);
    return xml(
      `<StackEvents><member><LogicalResourceId>Records</LogicalResourceId><ResourceStatus>${this.resourceStatus}</ResourceStatus>` +
        `<StackId>${input.StackName}</StackId></member></StackEvents>`,
    );
  }
}
