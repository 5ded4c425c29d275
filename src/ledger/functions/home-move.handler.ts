import { ledgerEnv, readHome } from '../contract';
import { clockPorts, operationsFromEnvironment } from './environment.aws';
import { answeringOperator, operatorPorts } from './operator-invocation.aws';
import { regionOf } from '../../kernel/env';
import { Invocation } from '../homes/forwarded.service';
import { cutoverRuns } from '../operator/cutover-run.aws';
import { CutoverMoves, moveRequestOf, OperatorResult } from '../operator/operate.service';

const { systemName, home } = ledgerEnv.read(process.env);
const { operations, units } = operationsFromEnvironment(process.env);
const look = cutoverRuns(systemName, readHome(home).cutoverRegions);
const moves = new CutoverMoves(operations, { look, region: regionOf(process.env), sleep: clockPorts.sleep });

/** Moves homes for a run of the cutover that is at this very move. */
export const handler: (event: unknown, invocation: Invocation) => Promise<OperatorResult> = answeringOperator(
  operatorPorts(process.env, 'home-move', systemName),
  (event) => moveRequestOf(event, units),
  (request, context) => moves.run(request, context),
);
