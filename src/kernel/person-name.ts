/**
 * The one form in which names of people are compared: Unicode NFKC, without characters that do not show, case folded. Capitals, widths and
 * ways of writing an accent make nobody another person.
 */
export function normalName(name: string): string {
  // Lower, upper, lower: that is Unicode's full case folding ("ß" is "ss") but for the dotless i, which folds to itself.
  const folded = [...visibleName(name)]
    .map((character) => (character === 'ı' ? character : character.toLowerCase().toUpperCase().toLowerCase()))
    .join('');
  return folded.normalize('NFKC').trim();
}

const visibleName = (name: string): string =>
  name
    .normalize('NFKC')
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .normalize('NFKC')
    .trim();

/** Whether a name is written as it is compared, but for case: one that only looks like an approver's must not let anybody in. */
export function isPlainName(name: string): boolean {
  return visibleName(name) === name.normalize('NFC').trim();
}

const equals = ' = ';

/** Who started an execution, by all names that are vouched for: what its input says, and what is read back. */
export function starterText(names: readonly string[]): string {
  return names.filter((name, at) => names.findIndex((other) => normalName(other) === normalName(name)) === at).join(equals);
}

/** The names in such a text, and the text itself: whoever wrote it may have meant one name. */
export function namesIn(text: string): string[] {
  return [text, ...text.split(equals)].filter((name) => name.trim() !== '');
}
