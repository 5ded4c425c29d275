/**
 * Fields of a JSON object that another system answered; none where the text is none. An answer's status says enough then. What JSON's own
 * error says begins with the text, which may be a secret.
 */
export function fieldsIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
