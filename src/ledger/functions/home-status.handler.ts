import { ledgerEnv } from '../contract';
import { statusFromEnvironment } from './environment.aws';
import { answeringOperator, operatorPorts } from './operator-invocation.aws';
import { Invocation } from '../homes/forwarded.service';
import { StatusResult, statusRequestOf } from '../operator/status.service';

const { systemName } = ledgerEnv.read(process.env);
const status = statusFromEnvironment(process.env);

/** Answers who is home, and whether an account adds up. It writes nothing, and its role could not. */
export const handler: (event: unknown, invocation: Invocation) => Promise<StatusResult> = answeringOperator(
  operatorPorts(process.env, 'home-status', systemName),
  statusRequestOf,
  (request, context) => status.run(request, context),
);
