import { AccessLogField } from 'aws-cdk-lib/aws-apigateway';

/** One line per call: enough to find a call and its trace, and nothing that a caller sent but its path. */
export const accessLogFields: Readonly<Record<string, string>> = {
  requestId: AccessLogField.contextRequestId(),
  traceId: AccessLogField.contextXrayTraceId(),
  time: AccessLogField.contextRequestTimeEpoch(),
  sourceIp: AccessLogField.contextIdentitySourceIp(),
  host: AccessLogField.contextDomainName(),
  method: AccessLogField.contextHttpMethod(),
  route: AccessLogField.contextResourcePath(),
  path: AccessLogField.contextPath(),
  status: AccessLogField.contextStatus(),
  responseLength: AccessLogField.contextResponseLength(),
  latencyMs: AccessLogField.contextResponseLatency(),
  integrationMs: AccessLogField.contextIntegrationLatency(),
  authorizerError: AccessLogField.contextAuthorizerError(),
  errorType: '$context.error.responseType',
};
