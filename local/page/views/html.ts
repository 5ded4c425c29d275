/** A piece of a page. Only `html` makes it, so whatever is in it was escaped. */
export class Html {
  private constructor(private readonly markup: string) {}

  /** For markup that is written in the source itself, never for what came from outside. */
  static trusted(markup: string): Html {
    return new Html(markup);
  }

  public toString(): string {
    return this.markup;
  }
}

export type Part = Html | string | number | undefined | false | readonly Part[];

/** Template tag: text and numbers are escaped, pieces and lists of pieces are put in as they are, undefined and false leave nothing. */
export function html(literals: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return Html.trusted(literals.map((literal, index) => literal + (index < parts.length ? rendered(parts[index]) : '')).join(''));
}

function rendered(part: Part): string {
  if (part === undefined || part === false) return '';
  if (part instanceof Html) return part.toString();
  if (Array.isArray(part)) return part.map(rendered).join('');
  return String(part).replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Part of an element's ID or of a class: nothing of a name can end it. */
export function slug(name: string): string {
  return name.replace(/[^A-Za-z0-9-]/g, (character) => `_${character.codePointAt(0)?.toString(16)}`);
}
