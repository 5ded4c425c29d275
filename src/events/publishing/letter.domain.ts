/** In characters. */
const longestReason = 1_000;
/** What XML has no character for. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html */
const notInSqs = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/**
 * Why a letter was given up, as SQS takes it: neither empty nor with characters that it refuses. A handler's error may say anything that an
 * event's publisher wrote, and a letter that cannot be written is an event that is tried for ever.
 */
export function letterReason(reason: string): string {
  return reason.slice(0, longestReason).replace(notInSqs, '\ufffd') || 'unknown';
}

/** JSON that SQS takes, and that reads as the same. Of what it refuses, JSON writes only these two as they are. */
export function letterBody(value: unknown): string {
  return JSON.stringify(value).replace(/[\ufffe\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16)}`);
}
