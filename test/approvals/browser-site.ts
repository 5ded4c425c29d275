import { createServer, IncomingMessage, Server } from 'node:http';
import { AddressInfo } from 'node:net';
import { GateSite } from './site';
import { GateAnswer, GateEvent } from '../../src/approvals/callers/event.domain';
import { GateRules } from '../../src/approvals/model';

/** The gate's page below a stage, as API Gateway would put it, and the place where people sign in, each at an address of its own. */
export class BrowserSite {
  public static async open(change: Partial<GateRules> = {}): Promise<BrowserSite> {
    const site = new BrowserSite(new GateSite(change));
    await Promise.all([listen(site.gate), listen(site.login)]);
    return site;
  }

  /** Who signs in next. */
  public claims: Record<string, unknown> = {};
  private readonly gate = createServer((request, response) => {
    void this.answer(request).then((answer) => send(answer, response));
  });
  private readonly login = createServer((request, response) => {
    const { code, state } = this.site.issuer.authorize(`http://login${request.url}`, this.claims);
    response.writeHead(302, { location: `${this.url}/sign-in/callback?${new URLSearchParams({ code, state })}` }).end();
  });

  private constructor(public readonly site: GateSite) {}

  public get url(): string {
    return `http://localhost:${(this.gate.address() as AddressInfo).port}/live`;
  }

  public async close(): Promise<void> {
    for (const server of [this.gate, this.login]) {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    }
  }

  private async answer(request: IncomingMessage): Promise<GateAnswer> {
    const { pathname, searchParams } = new URL(request.url!, this.url);
    const [, id, signIn] = /^\/live\/approvals\/([^/]+)(\/sign-in)?$/.exec(pathname) ?? [];
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const event: GateEvent = {
      resource: id === undefined ? pathname.replace('/live', '') : `/approvals/{id}${signIn ?? ''}`,
      httpMethod: request.method!,
      pathParameters: { id },
      queryStringParameters: Object.fromEntries(searchParams),
      headers: request.headers as Record<string, string>,
      body: Buffer.concat(chunks).toString(),
    };
    const answer = await this.site.handler(event);
    // The issuer of the settings is https; here it is another local server.
    const location = answer.headers.Location?.replace(
      'https://login.example.com',
      `http://localhost:${(this.login.address() as AddressInfo).port}`,
    );
    return location === undefined ? answer : { ...answer, headers: { ...answer.headers, Location: location } };
  }
}

function send({ statusCode, headers, multiValueHeaders, body }: GateAnswer, response: import('node:http').ServerResponse): void {
  // On plain HTTP the rule would make the browser ask for HTTPS.
  const { 'Strict-Transport-Security': _, ...others } = headers;
  response.writeHead(statusCode, { ...others, ...multiValueHeaders }).end(body);
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
}
