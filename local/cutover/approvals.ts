import type { GateView, RegionHandle } from '../ground/model';
import { sendProblem, type Exchange } from '../http/answers';
import { readBody } from '../http/body';
import { Forwarder, passOn } from '../http/forward';

/** More than the gate itself takes, so that it is the gate that says so. */
const largestBody = 256 * 1024;

/** Leads the approvals' page and API to where the app has deployed them, as their public name would. */
export class Approvals {
  private readonly forwarder: Forwarder;

  constructor(
    private readonly gates: readonly GateView[],
    private readonly regions: readonly RegionHandle[],
  ) {
    this.forwarder = new Forwarder(regions);
  }

  /** Whether a path is one of a gate's. */
  public static has(path: string): boolean {
    return /^\/(approvals|sign-in|starts)(\/|$)/.test(path);
  }

  public async answer(exchange: Exchange): Promise<void> {
    const [gate] = this.gates;
    const region = this.regions.find(({ name }) => name === gate?.region);
    if (!gate || !region) return sendProblem(exchange, 'unknown_route', 'The app has no approval gate.');
    if (/(^|\/)\.\.?(\/|$)|%2e|%2f|%5c|\\/i.test(exchange.path)) {
      return sendProblem(exchange, 'invalid_path', "An approval's path holds nothing but its ID.");
    }
    const at = { region: region.name };
    const read = await readBody(exchange.request, largestBody);
    if (read.kind === 'gone') return;
    if (read.kind === 'tooLarge') {
      return sendProblem(exchange, 'body_too_large', `A body of more than ${largestBody} bytes does not pass the gateway.`, at);
    }
    if (read.kind === 'slow') {
      return sendProblem(exchange, 'invalid_request', 'The body did not arrive within 10 s.', {
        ...at,
        status: 408,
        headers: { Connection: 'close' },
      });
    }
    if (region.state === 'stopped') {
      return sendProblem(exchange, 'unavailable', `The approvals are in ${region.name}, which takes no connection.`, at);
    }
    const answer = await this.forwarder.forward(
      exchange,
      region,
      `/_aws/execute-api/${gate.apiId}/${gate.stage}${exchange.target}`,
      read.body,
    );
    if (answer.kind === 'answered') return passOn(exchange, answer);
    sendProblem(
      exchange,
      'unavailable',
      `No answer from ${region.name}: ${answer.reason}. Look at the approval again: a decision that was sent may have counted.`,
      at,
    );
  }
}
