import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** What is kept of a call that is signed anew: what it says, not how it came. */
export function contentHeaders(request: IncomingMessage): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (
      typeof value !== 'string' ||
      /^(host|connection|keep-alive|expect|authorization|content-length|transfer-encoding|x-amz-date|x-amz-security-token)$/.test(name)
    ) {
      continue;
    }
    kept[name] = value;
  }
  return kept;
}

/** What is kept of an answer that is written anew. */
export function answerHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(
      (entry): entry is [string, string] =>
        typeof entry[1] === 'string' && !/^(connection|keep-alive|transfer-encoding|content-length)$/.test(entry[0]),
    ),
  );
}
