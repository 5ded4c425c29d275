import { ledgerEnv } from '../contract';
import { operationsFromEnvironment } from './environment.aws';
import { answeringOperator, operatorPorts } from './operator-invocation.aws';
import { Invocation } from '../homes/forwarded.service';
import { operatorRequestOf, OperatorResult } from '../operator/operate.service';

const { systemName } = ledgerEnv.read(process.env);
const { operations, units } = operationsFromEnvironment(process.env);

/** Does what a person on call asks by `aws lambda invoke`, and answers with what came of it. */
export const handler: (event: unknown, invocation: Invocation) => Promise<OperatorResult> = answeringOperator(
  operatorPorts(process.env, 'home-operator', systemName),
  (event) => operatorRequestOf(event, units),
  (request, context) => operations.run(request, context),
);
