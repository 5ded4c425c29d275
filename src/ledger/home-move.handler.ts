import { ledgerEnv } from './contract';
import { cutoverRuns } from './cutover-run.aws';
import { operationsFromEnvironment } from './environment.aws';
import { Invocation } from './forwarded.service';
import { CutoverMoves, moveRequestOf, OperatorResult } from './operate.service';
import { answeringOperator, operatorPorts } from './operator-invocation.aws';

const { systemName } = ledgerEnv.read(process.env);
const { operations, units } = operationsFromEnvironment(process.env);
const moves = new CutoverMoves(operations, cutoverRuns(systemName));

/** Moves homes for a run of the cutover that is under way. */
export const handler: (event: unknown, invocation: Invocation) => Promise<OperatorResult> = answeringOperator(
  operatorPorts(process.env, 'home-move', systemName), (event) => moveRequestOf(event, units), (request, context) => moves.run(request, context),
);
