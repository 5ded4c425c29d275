import type { ConditionContext } from '../iam/conditions';

/** A call of an AWS service as it enters a region's proxy. */
export interface ServiceCall {
  /** Region that the call is meant for. */
  readonly region: string;
  /** For example `StartExecution`; absent for a REST service. */
  readonly operation?: string;
  readonly method: string;
  /** With the query string, as sent. */
  readonly path: string;
  readonly body: Buffer;
  /** In lower case; absent where none matter. */
  readonly headers?: Readonly<Partial<Record<string, string>>>;
}

export interface ServiceAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What the fabric does with a call in the emulator's place. */
export interface ServiceRouting {
  /** Region that answers: it must run, and be reached over the links. One that is not part of the run always can be. */
  readonly region: string;
  /** What the caller must be allowed to do. */
  readonly needs: readonly { readonly action: string; readonly resource: string; readonly context?: ConditionContext }[];
  readonly answer: () => Promise<ServiceAnswer> | ServiceAnswer;
}

/** A service of which the fabric answers some calls; undefined leaves one to the emulator. */
export interface FabricService {
  route(call: ServiceCall): ServiceRouting | undefined | Promise<ServiceRouting | undefined>;
  /** Told of what the emulator was asked and took. */
  took?(call: ServiceCall): void;
}

export type FabricServices = Readonly<Record<string, FabricService>>;

export function jsonAnswer(content: object, version: '1.0' | '1.1' = '1.0', status = 200): ServiceAnswer {
  return { status, headers: { 'content-type': `application/x-amz-json-${version}` }, body: Buffer.from(JSON.stringify(content)) };
}

/** A refusal in the JSON protocols. */
export function jsonRefusal(code: string, message: string, version: '1.0' | '1.1' = '1.0'): ServiceAnswer {
  return jsonAnswer({ __type: code, message }, version, 400);
}

/** A body in the JSON protocols; empty when it is none. */
export function jsonInput(body: Buffer): Record<string, any> {
  try {
    return JSON.parse(body.toString() || '{}') as Record<string, any>;
  } catch {
    return {};
  }
}
