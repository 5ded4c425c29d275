/** Something the user can mend: shown as its one line, without a stack. */
export class LocalRunError extends Error {
  override readonly name = 'LocalRunError';
}
