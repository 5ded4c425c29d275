/**
 * Whether a text is like a pattern in which `*` stands for any text and `?` for any one character, as in policies and rules. Each piece
 * between two stars is looked for once, from the left: no text keeps it busy, as it could a regular expression with several `.*`.
 */
export function isLike(text: string, pattern: string, { ignoreCase = false, questionMark = true } = {}): boolean {
  if (ignoreCase) return isLike(text.toLowerCase(), pattern.toLowerCase(), { questionMark });
  const [first, ...others] = pattern.split('*');
  const last = others.pop();
  if (last === undefined) return text.length === first.length && stands(text, 0, first, questionMark);
  if (text.length < first.length + last.length || !stands(text, 0, first, questionMark)) return false;
  const end = text.length - last.length;
  let at = first.length;
  for (const piece of others) {
    while (at + piece.length <= end && !stands(text, at, piece, questionMark)) at += 1;
    if (at + piece.length > end) return false;
    at += piece.length;
  }
  return stands(text, end, last, questionMark);
}

function stands(text: string, at: number, piece: string, questionMark: boolean): boolean {
  if (!questionMark || !piece.includes('?')) return text.startsWith(piece, at);
  return at + piece.length <= text.length && [...piece].every((character, index) => character === '?' || character === text[at + index]);
}
