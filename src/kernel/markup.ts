/** What a text can become. */
type Format = 'html' | 'markdown' | 'mail';

/** A piece of a document. Only the tags here make it, so whatever came from outside was encoded for its format. */
export class Markup<F extends Format = Format> {
  private constructor(
    public readonly format: F,
    private readonly text: string,
  ) {}

  /** For markup that is written in the source itself, never for what came from outside. */
  static trusted<F extends Format>(format: F, text: string): Markup<F> {
    return new Markup(format, text);
  }

  public toString(): string {
    return this.text;
  }
}

export type Html = Markup<'html'>;
export type Markdown = Markup<'markdown'>;
export type Mail = Markup<'mail'>;

export type Part<F extends Format> = Markup<F> | string | number | undefined | false | readonly Part<F>[];

type Tag<F extends Format> = (literals: TemplateStringsArray, ...parts: readonly Part<F>[]) => Markup<F>;

function tagOf<F extends Format>(format: F, encode: (text: string) => string): Tag<F> {
  const rendered = (part: Part<F>): string => {
    if (part === undefined || part === false) return '';
    if (part instanceof Markup) return part.toString();
    return typeof part === 'object' ? part.map(rendered).join('') : encode(String(part));
  };
  return (literals, ...parts) =>
    Markup.trusted(format, literals.map((literal, index) => literal + (index < parts.length ? rendered(parts[index]) : '')).join(''));
}

/** Without characters that do not show and change what does: controls, and those that turn the direction of what follows. */
function withoutControls(text: string): string {
  return text.replace(/[\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}

/** On one line, whatever stands for a new one. */
function oneLine(text: string): string {
  return withoutControls(text)
    .replace(/[\t\n\v\f\r\u0085\u2028\u2029]/g, ' ')
    .trim();
}

/** HTML's text, and attributes in quotes. */
function htmlText(text: string): string {
  return withoutControls(text).replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Text within a line of Markdown: it may begin it, and begins no block. */
function markdownText(text: string): string {
  return cellText(text)
    .replace(/^[-+=#>:]/, '\\$&')
    .replace(/^(\d{1,9})([.)])/, '$1\\$2');
}

/**
 * Text of a table's cell (CommonMark with GitHub's tables and links), where no block can begin: no HTML, no emphasis and no link. An
 * address of a mailbox stays what it is.
 */
function cellText(text: string): string {
  return (
    oneLine(text)
      .replace(/&/g, '&amp;')
      .replace(/</g, '&lt;')
      .replace(/[\\`*[\]|~$]/g, '\\$&')
      // Within a word it is only itself.
      .replace(/_/g, (underscore, at: number, all: string) =>
        /^[A-Za-z0-9]{2}$/.test(`${all[at - 1] ?? ''}${all[at + 1] ?? ''}`) ? underscore : `\\${underscore}`,
      )
      .replace(/\/\//g, '\\/\\/')
      .replace(/\b(www)\./gi, '$1\\.')
      .replace(/\b(mailto|xmpp):/gi, '$1\\:')
  );
}

/** What mail programs make a link of: an address with a scheme, and a bare name such as `pay.example/a`. */
const linked = /\/\/|www\.|mailto:|[\p{L}\p{N}]\.\p{L}{2}/iu;
/** People are named by their mailboxes; a program makes a mail to them of it, and no page. */
const mailbox = /^([\w.+-]+)(@[\w.-]+)$/;

/** Text within a line of a mail: no new line, and nothing that a mail program makes a link of but mailboxes. */
function mailText(text: string): string {
  const inert = (word: string): string => word.replace(/:/g, '[:]').replace(/\./g, '[.]');
  return oneLine(text)
    .split(' ')
    .map((word) => {
      // In front of what is no host, a program may take a mailbox's name for a page.
      const [, name = word, host = ''] = mailbox.exec(word) ?? [];
      return linked.test(name) ? `${inert(name)}${host}` : word;
    })
    .join(' ');
}

/**
 * Template tag for HTML: text and numbers are encoded, pieces and lists of pieces are put in as they are, undefined and false leave
 * nothing.
 */
export const html = tagOf('html', htmlText);

/** The same for Markdown. */
export const markdown = tagOf('markdown', markdownText);

/** The same for a mail's lines. */
export const mail = tagOf('mail', mailText);

/** A line break between pieces. */
export function lines<F extends 'markdown' | 'mail'>(format: F, pieces: readonly Markup<F>[]): Markup<F> {
  return Markup.trusted(format, pieces.join('\n'));
}

/** A table; "None." without rows. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly (string | Markdown)[])[],
  align: readonly ('left' | 'right')[] = [],
): Markdown {
  if (rows.length === 0) return markdown`None.`;
  const row = (cells: readonly (string | Markdown)[]): string =>
    `| ${cells.map((cell) => (typeof cell === 'string' ? cellText(cell) : cell.toString())).join(' | ')} |`;
  const ruler = `|${head.map((_, column) => (align[column] === 'right' ? '---:' : '---')).join('|')}|`;
  return Markup.trusted('markdown', [row(head), ruler, ...rows.map(row)].join('\n'));
}

/** The lines of a text from outside, each marked as such: none passes for one of the mail's own. */
export function mailQuote(text: string): Mail {
  return Markup.trusted(
    'mail',
    text
      .trim()
      .split(/\r\n|[\n\v\f\r\u0085\u2028\u2029]/)
      .map((line) => `> ${mailText(line)}`.trimEnd())
      .join('\n'),
  );
}

/** A link of the program's own; what stands in its path is encoded. */
export function mailLink(base: string, ...path: readonly string[]): Mail {
  return Markup.trusted('mail', [base, ...path.map(encodeURIComponent)].join('/'));
}

/**
 * A message's subject as SNS takes it: fewer than 100 printable ASCII characters. Accents are left off, what else is not ASCII is a
 * question mark.
 */
export function snsSubject(text: string): string {
  return oneLine(text)
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .replace(/[^\x20-\x7e]+/g, '?')
    .trim()
    .slice(0, 99)
    .trim();
}
