/**
 * The same with what our payments function has besides: a log line and metrics for each request, and a validated body. All of it
 * from Powertools and the validation library that we use too. For its size and its time to start; never deployed.
 */
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import * as z from 'zod/mini';
import { handler as pay } from './powertools';

const logger = new Logger({ serviceName: 'payments' });
const metrics = new Metrics({ namespace: 'Payments', serviceName: 'payments' });
const orderSchema = z.strictObject({
  accountId: z.string().check(z.regex(/^[A-Za-z0-9_.:-]{1,128}$/)),
  amount: z.int().check(z.positive()),
  currency: z.string().check(z.regex(/^[A-Z]{3}$/)),
  reference: z.optional(z.string().check(z.maxLength(256))),
});

export async function handler(event: APIGatewayProxyEvent, context: Context): Promise<APIGatewayProxyResult> {
  const order = z.safeParse(orderSchema, JSON.parse(event.body ?? '{}'));
  const answer = order.success ? await pay(event, context) : { statusCode: 400, body: JSON.stringify({ title: 'Bad request' }) };
  metrics.addMetric('Payments', MetricUnit.Count, 1);
  metrics.publishStoredMetrics();
  logger.info('request', { status: answer.statusCode });
  return answer;
}
