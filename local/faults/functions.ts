import type { ExperimentPorts } from './experiment';
import { EngineClient } from '../network/engine-client';
import { placeOf } from '../network/network';

/** What experiments do to the functions of the run's emulators. */
export function functionFaults(client: EngineClient): Pick<ExperimentPorts, 'existing' | 'fail'> {
  const nameOf = (arn: string): string => arn.split(':')[6];
  return {
    existing: async (region, functionArns) => {
      const answers = await Promise.all(
        functionArns.map((arn) =>
          client.call({
            place: placeOf(region),
            service: 'lambda',
            method: 'GET',
            path: `/2015-03-31/functions/${encodeURIComponent(nameOf(arn))}`,
          }),
        ),
      );
      return functionArns.filter((_, at) => answers[at].status === 200);
    },
    fail: async (region, functionArns) => {
      const body = JSON.stringify({ functions: functionArns.map(nameOf) });
      const { status } = await client.call({ place: placeOf(region), service: 'lambda', method: 'PUT', path: '/_run/faults', body });
      if (status !== 200) throw new Error(`the emulator of ${region} answered ${status} to the faults of an experiment`);
    },
  };
}
