import type { FabricResource } from './ground/model';
import { EngineClient } from './network/engine-client';
import type { EngineDirectory } from './network/network';
import { placeOf } from './network/network';

/**
 * Asks something of a region's functions for homes, as a person on call would with `aws lambda invoke`: of the one that reads, or of the
 * one that moves. Resolves to its answer.
 */
export type Operate = (region: string, event: object) => Promise<any>;

/** What reads and writes nothing is asked of a function that could not. */
const reading = ['status', 'reconcile'];

/** The functions for homes of the app, told by their names; undefined when it has none. */
export function operatorOf(
  fabric: readonly FabricResource[],
  engines: EngineDirectory,
): { readonly operate: Operate; close(): void } | undefined {
  const named = (ending: string): Map<string, string> =>
    new Map(
      fabric
        .filter(({ type, properties }) => type === 'AWS::Lambda::Function' && String(properties.FunctionName).endsWith(ending))
        .map(({ region, properties }) => [region, String(properties.FunctionName)]),
    );
  const [readers, movers] = [named('-home-status'), named('-home-operator')];
  if (movers.size === 0) return undefined;
  const client = new EngineClient(engines);
  return {
    operate: async (region, event) => {
      const reads = reading.includes(String((event as { readonly action?: unknown }).action));
      const name = (reads ? readers : movers).get(region);
      if (name === undefined) throw new Error(`the app has no HomeOperator in ${region}: there is no function that moves homes`);
      const asked = reads ? event : { by: 'the local run', reason: 'a step of it', ...event };
      const { status, headers, body } = await client.call({
        place: placeOf(region),
        service: 'lambda',
        path: `/2015-03-31/functions/${name}/invocations`,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(asked),
      });
      if (status !== 200 || headers['x-amz-function-error']) {
        throw new Error(`${name} in ${region} failed: ${status} ${body.toString().slice(0, 300)}`);
      }
      return JSON.parse(body.toString());
    },
    close: () => client.close(),
  };
}
