/** What CloudFormation sends to a custom resource's function. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html */
export interface CloudFormationEvent {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly RequestId: string;
  readonly StackId: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResponseURL: string;
  /** Every value is a text. */
  readonly ResourceProperties: Readonly<Record<string, string>>;
  /** Those of the last deployment; of an update alone. */
  readonly OldResourceProperties?: Readonly<Record<string, string>>;
}

/** The property that says when a template was synthesised: it differs at each deployment, so that CloudFormation calls the resource. */
export const synthesisedProperty = 'Deployment';

/** Where a stack is, and where AWS calls go when that is not AWS. */
export interface ResponsePlace {
  readonly region: string;
  readonly endpoint?: string;
}

const loopback: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Why an answer may not be sent to this address; undefined when it is one of CloudFormation's own bucket in the region, which AWS names in
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/vpc-interface-endpoints.html: the region stands in it without hyphens.
 *
 * @param endpoint where all AWS calls of this process go when that is not AWS: an emulator on this machine has its own address
 */
export function responseProblem(address: unknown, region: string, endpoint?: string): string | undefined {
  const url = urlOf(address);
  if (!url) return 'ResponseURL is not a URL';
  if (endpoint !== undefined && loopback.includes(urlOf(endpoint)?.hostname ?? '') && loopback.includes(url.hostname)) return undefined;
  const bucket = `cloudformation-custom-resource-response-${region.replaceAll('-', '')}`;
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const hosts = [`s3.${region}`, `s3-${region}`, `s3.dualstack.${region}`, 's3'].map((host) => `${bucket}.${host}.${suffix}`);
  const plain = url.protocol === 'https:' && url.port === '' && url.username === '' && url.password === '';
  if (plain && hosts.includes(url.hostname)) return undefined;
  return (
    `ResponseURL leads to ${url.protocol}//${url.host}: answers go to CloudFormation's bucket in ${region} alone, ` +
    `https://${bucket}.s3.${region}.${suffix}`
  );
}

function urlOf(address: unknown): URL | undefined {
  return typeof address === 'string' && URL.canParse(address) ? new URL(address) : undefined;
}
