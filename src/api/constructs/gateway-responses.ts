import { ResponseType, RestApi } from 'aws-cdk-lib/aws-apigateway';
import { apiHeaders, forbiddenByIam, gatewayProblems, problemMediaType, problemOf, problems, retryAfterSeconds } from '../contract';

/** Gives what API Gateway answers by itself the form of the API's own errors. */
export function defineGatewayResponses(api: RestApi, region: string, signed: boolean): void {
  const problemsOf = gatewayProblems.map((problem) =>
    signed && problem.type === 'ACCESS_DENIED' ? { ...problem, ...forbiddenByIam } : problem,
  );
  for (const { type, code, detail, retry } of problemsOf) {
    api.addGatewayResponse(`Response${type}`, {
      type: ResponseType.of(type),
      statusCode: String(problems[code].status),
      responseHeaders: {
        'Content-Type': `'${problemMediaType}'`,
        [apiHeaders.cacheControl]: "'no-store'",
        [apiHeaders.servedByRegion]: `'${region}'`,
        [apiHeaders.traceId]: `method.request.header.${apiHeaders.traceId}`,
        ...(retry ? { [apiHeaders.retryAfter]: `'${retryAfterSeconds}'` } : {}),
      },
      // The request's own ID, not its path: a path is the caller's text, and templates here cannot escape it.
      templates: { 'application/json': JSON.stringify(problemOf(code, detail, 'urn:request:$context.requestId')) },
    });
  }
}
