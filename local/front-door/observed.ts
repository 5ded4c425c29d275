import type { Observed } from '../ground/model';
import { sendJson, sendProblem, type Exchange } from '../http/answers';
import { sendDone, parsedBody } from '../http/form';

const mostEvents = 50_000;
const paymentPattern = /^[\x21-\x7e]{1,128}$/;

/** Answers for what `/_local` knows of events and traces. */
export class ObservedCalls {
  constructor(private readonly observed: Observed | undefined) {}

  public async events(exchange: Exchange): Promise<void> {
    const unknown = [...exchange.query.keys()].filter((name) => !['paymentId', 'limit'].includes(name));
    const paymentId = exchange.query.get('paymentId') ?? undefined;
    const given = exchange.query.get('limit') ?? undefined;
    const limit = given === undefined ? undefined : /^\d{1,6}$/.test(given) ? Number(given) : NaN;
    if (unknown.length) {
      return sendProblem(
        exchange,
        'invalid_request',
        `Unknown parameter ${unknown.join(', ').slice(0, 200)}: this call takes paymentId and limit.`,
      );
    }
    if (paymentId !== undefined && !paymentPattern.test(paymentId)) {
      return sendProblem(exchange, 'invalid_request', 'paymentId is 1 to 128 visible ASCII characters.');
    }
    if (limit !== undefined && !(limit >= 1 && limit <= mostEvents)) {
      return sendProblem(exchange, 'invalid_request', `limit is a whole number from 1 to ${mostEvents}.`);
    }
    if (paymentId === undefined && limit === undefined) {
      return sendProblem(exchange, 'invalid_request', "Give ?paymentId= for one payment's events, or ?limit= for the latest ones of all.");
    }
    sendJson(exchange, 200, (await this.observed?.events({ paymentId, limit })) ?? []);
  }

  public trace(exchange: Exchange, traceId: string): void {
    const segments = this.observed?.trace(traceId);
    if (!segments) {
      return sendProblem(
        exchange,
        'unknown_route',
        `No segment of a trace '${traceId.slice(0, 64)}' has arrived: it is unknown, not recorded, or too long ago.`,
      );
    }
    sendJson(exchange, 200, { segments });
  }

  /** Makes a target of rules refuse what it gets, or take it again. */
  public async throttle(exchange: Exchange): Promise<void> {
    const parsed = await parsedBody(exchange);
    if (!parsed) return;
    const { target, throttled: given, ...rest } = parsed.fields;
    const throttled = parsed.form && typeof given === 'string' ? given === 'true' : given;
    const unknown = Object.keys(rest);
    if (unknown.length) {
      return sendProblem(
        exchange,
        'unknown_field',
        `Unknown field ${unknown.join(', ').slice(0, 200)}: this call takes target and throttled.`,
      );
    }
    if (typeof target !== 'string' || typeof throttled !== 'boolean') {
      return sendProblem(exchange, 'invalid_request', "target is the ARN of a rule's target, throttled is true or false.");
    }
    if (!this.observed?.throttle(target, throttled)) {
      const known =
        this.observed
          ?.targets()
          .map(({ arn }) => arn)
          .join(', ') || 'none';
      return sendProblem(exchange, 'unknown_route', `No rule of this run delivers to '${target.slice(0, 200)}': its targets are ${known}.`);
    }
    sendDone(exchange, parsed, { target, throttled }, undefined);
  }
}
