/** What an error says, for a message of ours. Never empty: what Node throws for a host none of whose addresses answers has no message. */
export function causeOf(error: unknown): string {
  return error instanceof Error ? error.message || (error as { readonly code?: string }).code || error.name : String(error);
}
