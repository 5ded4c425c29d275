/** Words in errors and documents that a reader may stumble over, who sees the text alone or whose first language is not English. */
export const hardWords: readonly RegExp[] = [
  /\b(?:whoever|nobody|somebody|shall)\b/i,
  /\bmend\b/i,
  /\bvanished\b/,
  /what is left/,
  /what became of/,
  /without a word/,
  /cannot be (?:said|told)/,
  /\bis none\b/,
  /knows? no\b/,
  /\bcame to\b/,
];
