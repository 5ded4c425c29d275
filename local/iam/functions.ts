import { createHash } from 'node:crypto';
import { EngineClient } from '../network/engine-client';
import { placeOf } from '../network/network';

/** A deployed function, as far as its calls are judged by it. */
export interface CallerFunction {
  readonly name: string;
  readonly arn: string;
  readonly roleArn: string;
  readonly timeoutMs: number;
  /** Access key that the emulator gives this function. */
  readonly accessKeyId: string;
}

interface FunctionConfiguration {
  FunctionName: string;
  FunctionArn: string;
  Role: string;
  Timeout?: number;
  Environment?: { Variables?: Record<string, string> };
}

/** For how long the functions of a region are not listed again because of an unknown ID, milliseconds. */
const listingPauseMs = 200;

/** The functions of each region by the `AWS_SDK_UA_APP_ID` in their environment, as the region's own engine lists them. */
export class Functions {
  private readonly byRegion = new Map<string, { at: number; readonly byId: Promise<Map<string, CallerFunction>> }>();

  public constructor(
    private readonly client: EngineClient,
    private readonly keepMs: number,
  ) {}

  public async find(region: string, applicationId: string): Promise<CallerFunction | undefined> {
    const known = (await this.list(region, this.keepMs)).get(applicationId);
    return known ?? (await this.list(region, listingPauseMs)).get(applicationId);
  }

  private list(region: string, maxAgeMs: number): Promise<Map<string, CallerFunction>> {
    const known = this.byRegion.get(region);
    if (known && Date.now() - known.at < maxAgeMs) return known.byId;
    const byId = this.read(region);
    this.byRegion.set(region, { at: Date.now(), byId });
    byId.catch(() => this.byRegion.delete(region));
    return byId;
  }

  private async read(region: string): Promise<Map<string, CallerFunction>> {
    const byId = new Map<string, CallerFunction>();
    let marker: string | undefined = '';
    while (marker !== undefined) {
      const path: string = `/2015-03-31/functions/?MaxItems=50${marker ? `&Marker=${encodeURIComponent(marker)}` : ''}`;
      const answer = await this.client.call({ place: placeOf(region), service: 'lambda', method: 'GET', path });
      if (answer.status !== 200) throw new Error(`the functions of ${region} could not be listed: ${answer.body.toString().slice(0, 200)}`);
      const page = JSON.parse(answer.body.toString()) as { Functions: FunctionConfiguration[]; NextMarker?: string | null };
      for (const configuration of page.Functions) {
        const id = configuration.Environment?.Variables?.AWS_SDK_UA_APP_ID;
        if (id) byId.set(id, callerFunction(configuration));
      }
      marker = page.NextMarker ?? undefined;
    }
    return byId;
  }
}

function callerFunction(configuration: FunctionConfiguration): CallerFunction {
  const { FunctionName, FunctionArn, Role, Timeout } = configuration;
  return {
    name: FunctionName,
    arn: FunctionArn,
    roleArn: Role,
    timeoutMs: (Timeout ?? 3) * 1000,
    // The emulator names a function's credentials by function and role, and offers no call that tells whose a key is.
    accessKeyId: `ASIA${createHash('sha256').update(`${FunctionArn}:${Role}`).digest('hex').slice(0, 16).toUpperCase()}`,
  };
}
