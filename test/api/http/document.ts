import { readFileSync } from 'node:fs';
import path from 'node:path';
import Ajv2020, { ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import { templateOf } from '../../../src/api/http/routes';

type Json = Record<string, any>;

/** The document as committed. */
export const document = parse(readFileSync(path.resolve(__dirname, '../../../docs/openapi.yaml'), 'utf8')) as Json;

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats(ajv);
ajv.addSchema(document, 'openapi');
const compiled = new Map<string, ValidateFunction>();

/** What the handler returned. */
interface Result {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** Throws when the document does not foresee this answer: its status, a header, its media type or its body. */
export function requireDocumented(method: string, requestPath: string, result: Result): void {
  const where = `${method} ${requestPath} ${result.statusCode}`;
  const pointer = responsePointer(method, requestPath, result.statusCode);
  const response = at(pointer);
  if (!response) throw new Error(`${where}: the document has no such answer`);
  const { 'Content-Type': type, ...others } = result.headers;
  for (const header of Object.keys(others)) {
    if (!response.headers?.[header]) throw new Error(`${where}: the document does not name the header ${header}`);
  }
  for (const header of ['X-Amzn-Trace-Id', 'X-Served-By-Region', 'Cache-Control']) {
    if (!others[header]) throw new Error(`${where}: the header ${header} is missing`);
  }
  if (!response.content?.[type]) throw new Error(`${where}: the document does not name the type ${type}`);
  const validate = validator(`${pointer}/content/${escape(type)}/schema`);
  if (!validate(JSON.parse(result.body))) throw new Error(`${where}: ${ajv.errorsText(validate.errors)} in ${result.body}`);
}

function responsePointer(method: string, requestPath: string, status: number): string {
  const template = templateOf(requestPath);
  const operation = template && `/paths/${escape(template)}/${method.toLowerCase()}`;
  // What no operation is for is answered with the same problems.
  if (!operation || !at(operation)) return `/components/responses/Problem${status}`;
  const response = at(`${operation}/responses/${status}`);
  return response?.$ref ? (response.$ref as string).slice(1) : `${operation}/responses/${status}`;
}

function validator(pointer: string): ValidateFunction {
  const known = compiled.get(pointer) ?? ajv.compile({ $ref: `openapi#${pointer}` });
  compiled.set(pointer, known);
  return known;
}

function at(pointer: string): Json | undefined {
  return pointer
    .slice(1)
    .split('/')
    .reduce<any>((value, token) => value?.[token.replace(/~1/g, '/').replace(/~0/g, '~')], document);
}

function escape(token: string): string {
  return token.replace(/~/g, '~0').replace(/\//g, '~1');
}
