import { Json } from '../../kernel/fingerprint';
import { readJson, textOfBody } from '../../kernel/json/strict';
import { isJsonType } from '../../kernel/json/type';
import { gateLimits, problemBody } from '../contract';

/** What API Gateway sends, as far as it is read. */
export interface GateEvent {
  readonly resource: string;
  readonly httpMethod: string;
  readonly pathParameters?: Readonly<Record<string, string | undefined>> | null;
  readonly queryStringParameters?: Readonly<Record<string, string | undefined>> | null;
  readonly headers?: Readonly<Record<string, string | undefined>> | null;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[] | undefined>> | null;
  readonly body?: string | null;
  readonly isBase64Encoded?: boolean;
  readonly requestContext?: { readonly identity?: { readonly userArn?: string | null; readonly accountId?: string | null } };
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
export function problemJson(
  code: string,
  status: number,
  title: string,
  detail: string,
  more: Readonly<Record<string, string>> = {},
): GateAnswer {
  return {
    statusCode: status,
    headers: { ...plain, ...more, 'Content-Type': 'application/problem+json' },
    body: JSON.stringify(problemBody(code, status, title, detail)),
  };
}

/**
 * By its name in lower case; undefined when it is not sent. Where it was sent twice, API Gateway tells the last one here: see `sentTwice`.
 */
export function headerOf(event: GateEvent, name: string): string | undefined {
  return Object.entries(event.headers ?? {}).find(([given]) => given.toLowerCase() === name)?.[1];
}

/** Whether a header came more than once: which of them counts is not for us to choose. */
export function sentTwice(event: GateEvent, name: string): boolean {
  return Object.entries(event.multiValueHeaders ?? {}).some(([given, values]) => given.toLowerCase() === name && (values?.length ?? 0) > 1);
}

/** The bearer token that a call carries. */
export function bearerIn(event: GateEvent): string | undefined {
  if (sentTwice(event, 'authorization')) return undefined;
  return /^Bearer +(\S+)$/i.exec(headerOf(event, 'authorization')?.trim() ?? '')?.[1];
}

/** A JSON object's fields, or a form's. */
export type Fields = Readonly<Record<string, Json | undefined>>;

/** - `fields`: of a body that is an object, or none of an empty one
 * - `refused`: what is wrong with it, for whoever sent it */
export type Body =
  | { readonly kind: 'fields'; readonly fields: Fields }
  | { readonly kind: 'refused'; readonly why: 'too_large' | 'unsupported' }
  | { readonly kind: 'refused'; readonly why: 'invalid_request'; readonly detail: string };

const invalid = (detail: string): Body => ({ kind: 'refused', why: 'invalid_request', detail });

/** A body as it was sent, in whatever way it came here. */
export function rawBody(event: GateEvent): string | Uint8Array {
  return event.isBase64Encoded ? bytesOf(event.body ?? '') : (event.body ?? '');
}

/** Reads a body: JSON, or a form where the page sends one. */
export function bodyOf(event: GateEvent, form: 'form' | 'no form'): Body {
  const given = rawBody(event);
  const bytes = typeof given === 'string' ? new TextEncoder().encode(given).length : given.length;
  if (bytes > gateLimits.bodyBytes) return { kind: 'refused', why: 'too_large' };
  const text = textOfBody(given);
  if (text === undefined) return invalid('The body is not UTF-8 text.');
  const type = headerOf(event, 'content-type') ?? '';
  const twice = sentTwice(event, 'content-type');
  if (!twice && form === 'form' && /^application\/x-www-form-urlencoded\b/i.test(type)) return fieldsOfForm(text);
  if (form === 'no form' && text.trim() === '') return { kind: 'fields', fields: {} };
  return twice || !isJsonType(type.trim()) ? { kind: 'refused', why: 'unsupported' } : fieldsOfJson(text);
}

function fieldsOfJson(text: string): Body {
  const read = readJson(text);
  if (read.kind === 'refused') return invalid(read.detail);
  const { value } = read;
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? { kind: 'fields', fields: value as Fields }
    : invalid('It is not a JSON object.');
}

function fieldsOfForm(text: string): Body {
  const entries = [...new URLSearchParams(text)];
  const twice = entries.find(([name], at) => entries.findIndex(([other]) => other === name) !== at)?.[0];
  return twice === undefined
    ? { kind: 'fields', fields: Object.fromEntries(entries) }
    : invalid(`It has the field ${JSON.stringify(twice.slice(0, 40))} twice: send each field once.`);
}

/** Bytes of base64, without Node's Buffer; none of what is no base64. */
function bytesOf(base64: string): Uint8Array {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}
