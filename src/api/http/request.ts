/** A request as the gateway hands it over, freed of the gateway's form. Nothing in it is checked yet. */
export interface HttpRequest {
  readonly method: string;
  /** The path as sent, without the stage. */
  readonly path: string;
  /** All values of a header, by its name in any case. */
  readonly header: (name: string) => readonly string[];
  /** All values of each query parameter, decoded. */
  readonly query: ReadonlyMap<string, readonly string[]>;
  /** The body's bytes or, where the gateway has decoded it, its text. */
  readonly body: Uint8Array | string;
}

/** What is read of the gateway's event; a proxy event of a REST API has it all. */
export interface GatewayEvent {
  readonly httpMethod?: string;
  readonly path?: string;
  readonly headers?: One;
  readonly multiValueHeaders?: Many;
  readonly queryStringParameters?: One;
  readonly multiValueQueryStringParameters?: Many;
  readonly body?: string | null;
  readonly isBase64Encoded?: boolean;
  readonly requestContext?: GatewayContext;
}

/** Who calls, as the gateway knows it. */
export interface GatewayContext {
  readonly authorizer?: Readonly<Record<string, unknown>> | null;
  readonly identity?: { readonly accountId?: string | null; readonly userArn?: string | null };
}

/** A call of a path below `/health` as one of `/health`: which path it was is for the gateway to judge, and not for the log. */
export function asHealth(event: GatewayEvent): GatewayEvent {
  return event.path?.startsWith('/health/') ? { ...event, path: '/health' } : event;
}

/** Reads the gateway's event; nothing that a caller can send makes it throw. */
export function readRequest(event: GatewayEvent): HttpRequest {
  const headers = valuesByName(event.multiValueHeaders, event.headers, (name) => name.toLowerCase());
  return {
    method: (event.httpMethod ?? '').toUpperCase(),
    path: event.path ?? '/',
    header: (name) => headers.get(name.toLowerCase()) ?? [],
    query: valuesByName(event.multiValueQueryStringParameters, event.queryStringParameters, (name) => name),
    body: event.isBase64Encoded ? Buffer.from(event.body ?? '', 'base64') : (event.body ?? ''),
  };
}

type Many = Readonly<Record<string, readonly string[] | undefined>> | null | undefined;
type One = Readonly<Record<string, string | undefined>> | null | undefined;

function valuesByName(many: Many, one: One, nameOf: (name: string) => string): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>();
  for (const [name, list] of Object.entries(many ?? {})) values.set(nameOf(name), [...(values.get(nameOf(name)) ?? []), ...(list ?? [])]);
  for (const [name, value] of Object.entries(one ?? {})) {
    if (value !== undefined && !values.has(nameOf(name))) values.set(nameOf(name), [value]);
  }
  return values;
}
