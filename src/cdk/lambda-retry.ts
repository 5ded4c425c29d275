import { Duration } from 'aws-cdk-lib';
import { RetryProps } from 'aws-cdk-lib/aws-stepfunctions';

/**
 * Faults of the Lambda service, not of the function, that Step Functions should try again. Being throttled is one, and CDK's own list lacks
 * it. Source: the Step Functions developer guide, best practices, "handle transient Lambda service exceptions".
 */
export const lambdaServiceFaults: RetryProps = {
  errors: [
    'Lambda.ClientExecutionTimeoutException',
    'Lambda.ServiceException',
    'Lambda.AWSLambdaException',
    'Lambda.SdkClientException',
    'Lambda.TooManyRequestsException',
  ],
  interval: Duration.seconds(2),
  backoffRate: 2,
  maxAttempts: 6,
};
