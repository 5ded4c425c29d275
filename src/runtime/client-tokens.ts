import { freshCall } from './fresh-call';
import { jsonCall } from './signed-call';
import { FinalError } from '../kernel/cause';
import { fieldsIn } from '../kernel/json/fields';

const tokenMs = 5_000;
/** So the endpoint refuses this client. It may lock a client that asks on, so it is not asked again. */
const refusals = [400, 401, 403];
/** A token is used for so long before its end. */
const tokenMarginMs = 60_000;

/** An OAuth client, its ID and secret as JSON in a secret. */
export interface ClientIdentity {
  readonly tokenUrl: string;
  /** Absent: the endpoint knows its clients without one, as in the local run. */
  readonly secretArn?: string;
  readonly scope?: string;
  readonly audience?: string;
}

interface ClientCredentials {
  readonly client_id: string;
  readonly client_secret: string;
}

interface TokenAnswer {
  readonly access_token?: string;
  readonly expires_in?: number;
}

/** Tokens of an OAuth client (RFC 6749, section 4.4), each for as long as it lasts. */
export class ClientTokens {
  private held?: { readonly token: string; readonly untilMs: number };
  private asking?: Promise<string>;

  constructor(
    private readonly region: string,
    private readonly identity: ClientIdentity,
  ) {}

  public async token(): Promise<string> {
    if (this.held && Date.now() < this.held.untilMs) return this.held.token;
    this.asking ??= this.ask().finally(() => (this.asking = undefined));
    return this.asking;
  }

  public forget(): void {
    this.held = undefined;
  }

  private async ask(): Promise<string> {
    const { tokenUrl, secretArn, scope, audience } = this.identity;
    const form = new URLSearchParams({ grant_type: 'client_credentials', ...(scope ? { scope } : {}), ...(audience ? { audience } : {}) });
    const answer = await freshCall({
      url: tokenUrl,
      method: 'POST',
      headers: {
        'Content-Type': 'application/x-www-form-urlencoded',
        ...(secretArn === undefined ? {} : { Authorization: await this.basic(secretArn) }),
      },
      body: form.toString(),
      timeoutMs: tokenMs,
    });
    // The body may hold what was sent: it is not told.
    const reason = `the token endpoint answered ${answer.status}`;
    if (refusals.includes(answer.status)) throw new FinalError(reason);
    if (answer.status !== 200) throw new Error(reason);
    const { access_token: token, expires_in: seconds = 300 } = fieldsIn(answer.text) as TokenAnswer;
    if (!token) throw new Error('the token endpoint answered 200 without a JSON object that has an access_token');
    this.held = { token, untilMs: Date.now() + Math.max(0, seconds * 1000 - tokenMarginMs) };
    return token;
  }

  private async basic(secretArn: string): Promise<string> {
    const request = { SecretId: secretArn };
    const { SecretString: text = '' } = await jsonCall<{ SecretString?: string }>(
      'secretsmanager',
      this.region,
      'secretsmanager.GetSecretValue',
      request,
      '1.1',
    );
    const { client_id: id, client_secret: secret } = fieldsIn(text) as Partial<ClientCredentials>;
    if (!id || !secret) throw new FinalError(`the secret ${secretArn} must hold {"client_id": ..., "client_secret": ...} as JSON`);
    return `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;
  }
}
