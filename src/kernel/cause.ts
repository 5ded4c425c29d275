/** What an error says, for a message of ours. Never empty: what Node throws for a host none of whose addresses answers has no message. */
export function causeOf(error: unknown): string {
  return error instanceof Error ? error.message || (error as { readonly code?: string }).code || error.name : String(error);
}

/** The same with the error's name before it: for a person who looks the error up. */
export function namedCauseOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** What was thrown, as an error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** An error that stays as long as no person changes something: asking again is in vain. */
export class FinalError extends Error {}
