import type { Part as PartOf } from '../../src/kernel/markup';

export { html, type Html } from '../../src/kernel/markup';
export type Part = PartOf<'html'>;

/** Part of an element's ID or of a class: nothing of a name can end it. */
export function slug(name: string): string {
  return name.replace(/[^A-Za-z0-9-]/g, (character) => `_${character.codePointAt(0)?.toString(16)}`);
}
