import { problemBody } from './gate.contract';

/** What API Gateway sends, as far as it is read. */
export interface GateEvent {
  readonly resource: string;
  readonly httpMethod: string;
  readonly pathParameters?: Readonly<Record<string, string | undefined>> | null;
  readonly queryStringParameters?: Readonly<Record<string, string | undefined>> | null;
  readonly headers?: Readonly<Record<string, string | undefined>> | null;
  readonly body?: string | null;
  readonly isBase64Encoded?: boolean;
  readonly requestContext?: { readonly identity?: { readonly userArn?: string | null } };
}

export interface GateAnswer {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly multiValueHeaders?: Record<string, string[]>;
  readonly body: string;
}

/** Headers of every answer that is no page. */
export const plain = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer' } as const;

export function json(statusCode: number, body: object): GateAnswer {
  return { statusCode, headers: { ...plain, 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
}

/** A problem as an answer. */
export function problemJson(code: string, status: number, title: string, detail: string, more: Readonly<Record<string, string>> = {}): GateAnswer {
  return { statusCode: status, headers: { ...plain, ...more, 'Content-Type': 'application/problem+json' }, body: JSON.stringify(problemBody(code, status, title, detail)) };
}

/** By its name in lower case. */
export function headerOf(event: GateEvent, name: string): string | undefined {
  return Object.entries(event.headers ?? {}).find(([given]) => given.toLowerCase() === name)?.[1];
}

/** The bearer token that a call carries. */
export function bearerIn(event: GateEvent): string | undefined {
  return /^Bearer +(\S+)$/i.exec(headerOf(event, 'authorization')?.trim() ?? '')?.[1];
}

/** The body as text. */
export function bodyOf(event: GateEvent): string {
  return event.isBase64Encoded ? decoded(event.body ?? '') : event.body ?? '';
}

/** A JSON object's fields. */
export type Fields = Readonly<Record<string, unknown>>;

/** Undefined: it is no JSON object. */
export function fieldsOfJson(body: string): Fields | undefined {
  try {
    const value = JSON.parse(body) as unknown;
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Fields : undefined;
  } catch {
    return undefined;
  }
}

/** Base64 of UTF-8, without Node's Buffer. */
function decoded(base64: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));
  } catch {
    return '';
  }
}
