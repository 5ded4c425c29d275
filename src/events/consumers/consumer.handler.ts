import { invokeHandler } from './invoke.aws';
import { consumerClients, consumerFunction } from './wrapper.aws';
import { invoker } from '../../runtime/invoke';
import { consumerEnv } from '../contract';

const { handlerArn } = consumerEnv.read(process.env);
if (!handlerArn) throw new Error('environment variable CONSUMER_HANDLER_ARN is missing: the construct that makes this function sets it');
const clients = consumerClients();
const invoke = invoker({
  region: process.env.AWS_REGION!,
  credentials: clients.dynamoDb.config.credentials,
  ...(process.env.AWS_ENDPOINT_URL ? { endpoint: process.env.AWS_ENDPOINT_URL } : {}),
});

/** Takes events from the queue to the team's function, each once in effect. */
export const handler = consumerFunction(process.env, clients, invokeHandler(invoke, handlerArn));
