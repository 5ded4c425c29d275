import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { endpointIn, isLoopback } from './options.service';

/** With what a client of AWS's services in a region is made; nothing but the region on AWS itself. */
export interface RegionSettings {
  readonly region: string;
  readonly endpoint?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** A person's own credentials are not sent to an address on this machine, whatever listens there. */
export const settingsAt = (endpoint: string): Omit<RegionSettings, 'region'> =>
  isLoopback(endpoint) ? { endpoint, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } } : { endpoint };

/** @param endpointUrl where AWS's services answer, if not at AWS; `{region}` in it stands for the region's name */
export const regionSettings = (region: string, endpointUrl?: string): RegionSettings => ({
  region,
  ...(endpointUrl === undefined ? {} : settingsAt(endpointIn(endpointUrl, region))),
});

/** Whose credentials these are. */
export async function callerIdentity(settings: RegionSettings): Promise<{ readonly account: string; readonly arn: string }> {
  const { Account, Arn } = await new STSClient(settings).send(new GetCallerIdentityCommand({}));
  if (Account === undefined || Arn === undefined) throw new Error(`sts in ${settings.region} did not say whose credentials these are`);
  return { account: Account, arn: Arn };
}

/** Status of an answer that the SDK took for an error; undefined where no answer came. */
export const statusOf = (error: unknown): number | undefined =>
  (error as { readonly $metadata?: { readonly httpStatusCode?: number } }).$metadata?.httpStatusCode;

/** Undefined where AWS says that there is no such thing; every other error is one. */
export async function unlessAbsent<T>(absent: new (...args: never[]) => Error, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof absent) return undefined;
    throw error;
  }
}
