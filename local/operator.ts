import type { FabricResource } from './model';
import { EngineClient } from './proxy/engine-client';
import type { EngineDirectory } from './proxy/network';
import { placeOf } from './proxy/network';

/** Asks something of an operator's function in a region, as `aws lambda invoke` would; resolves to its answer. */
export type Operate = (region: string, event: object) => Promise<any>;

/** The operator's functions of the app, told by their names; undefined when it has none. */
export function operatorOf(fabric: readonly FabricResource[], engines: EngineDirectory): { readonly operate: Operate; close(): void } | undefined {
  const names = new Map(fabric.filter(({ type, properties }) => type === 'AWS::Lambda::Function' && /-home-operator$/.test(String(properties.FunctionName)))
    .map(({ region, properties }) => [region, String(properties.FunctionName)]));
  if (names.size === 0) return undefined;
  const client = new EngineClient(engines);
  return {
    operate: async (region, event) => {
      const name = names.get(region);
      if (name === undefined) throw new Error(`there is no operator's function in ${region}`);
      const { status, headers, body } = await client.call({
        place: placeOf(region), service: 'lambda', path: `/2015-03-31/functions/${name}/invocations`, headers: { 'content-type': 'application/json' }, body: JSON.stringify(event),
      });
      if (status !== 200 || headers['x-amz-function-error']) throw new Error(`${name} in ${region} failed: ${status} ${body.toString().slice(0, 300)}`);
      return JSON.parse(body.toString());
    },
    close: () => client.close(),
  };
}
