import { jsonInput, type FabricService, type ServiceCall, type ServiceRouting } from './services';
import type { EngineClient } from '../network/engine-client';
import { placeOf } from '../network/network';
import { judgedResources } from '../network/resource';

/**
 * The emulator judges calls that name several parameters as if they named none: the fabric judges them, and asks it as the account's root.
 */
export class ParameterStore implements FabricService {
  constructor(
    private readonly client: EngineClient,
    private readonly accountId: string,
  ) {}

  public route({ region, operation = '', method, path, body }: ServiceCall): ServiceRouting | undefined {
    if (!/^(Get|Put|Delete)Parameters?(ByPath)?$/.test(operation)) return undefined;
    const needs = judgedResources({
      service: 'ssm',
      region,
      accountId: this.accountId,
      method,
      path,
      target: `AmazonSSM.${operation}`,
      body,
    });
    const context = operation === 'PutParameter' ? { 'ssm:overwrite': [String(jsonInput(body).Overwrite ?? false)] } : undefined;
    return {
      region,
      needs: needs.map((need) => ({ ...need, ...(context ? { context } : {}) })),
      answer: async () => {
        const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `AmazonSSM.${operation}` };
        const answer = await this.client.call({ place: placeOf(region), service: 'ssm', headers, body });
        return {
          status: answer.status,
          headers: { 'content-type': String(answer.headers['content-type'] ?? headers['content-type']) },
          body: answer.body,
        };
      },
    };
  }
}
