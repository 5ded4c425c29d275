/** How long and how often EventBridge tries to deliver an event to a target. */
export interface RetryPolicy {
  readonly maximumAttempts: number;
  readonly maximumAgeMs: number;
}

/** What became of one attempt. Codes as EventBridge writes them into a dead-letter queue. */
export type DeliveryOutcome =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly retriable: boolean };

export type Next =
  | { readonly kind: 'retry'; readonly afterMs: number }
  | { readonly kind: 'giveUp'; readonly exhausted?: 'MaximumRetryAttempts' | 'MaximumEventAgeInSeconds' };

/** EventBridge's own limits, and what it does where a rule says nothing. */
const mostAttempts = 185;
const longestSeconds = 86_400;

/** First wait and longest one. AWS does not say its own; here what waits is tried again at once when a link heals or a region returns. */
const firstWaitMs = 200;
const longestWaitMs = 60_000;

export function retryPolicyOf(given: Readonly<Record<string, unknown>> | undefined): RetryPolicy {
  return {
    maximumAttempts: Number(given?.MaximumRetryAttempts ?? mostAttempts),
    maximumAgeMs: Number(given?.MaximumEventAgeInSeconds ?? longestSeconds) * 1000,
  };
}

/**
 * What follows a failed attempt: exponential backoff with jitter, until the policy is used up. Missing rights and targets are not retried.
 */
export function afterFailure(
  policy: RetryPolicy,
  failure: { readonly retriable: boolean; readonly attempts: number; readonly ageMs: number },
  random: number,
): Next {
  if (!failure.retriable) return { kind: 'giveUp' };
  // The first attempt is no retry.
  if (failure.attempts > policy.maximumAttempts) return { kind: 'giveUp', exhausted: 'MaximumRetryAttempts' };
  if (failure.ageMs >= policy.maximumAgeMs) return { kind: 'giveUp', exhausted: 'MaximumEventAgeInSeconds' };
  const ceiling = Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(failure.attempts - 1, 20));
  const afterMs = ceiling * (0.5 + random / 2);
  return { kind: 'retry', afterMs: Math.min(afterMs, Math.max(0, policy.maximumAgeMs - failure.ageMs)) };
}
