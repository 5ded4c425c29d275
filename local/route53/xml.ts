/** One element of a document; Route 53's have no attributes that matter. */
export interface Element {
  readonly name: string;
  readonly children: readonly Element[];
  readonly text: string;
}

/** What stands between a tag's brackets: whether it closes an element, and the element's name. */
const tag = /^(\/?)([A-Za-z][\w:.-]*)(?:\s|\/|$)/;

/** Reads a document without CDATA; undefined when it is not one. */
export function readXml(source: string): Element | undefined {
  const root = { name: '', children: [] as Element[], text: '' };
  const open = [root];
  for (let at = 0; at < source.length;) {
    const inner = open[open.length - 1];
    const end = source[at] === '<' ? endOfMarkup(source, at) : endOfText(source, at);
    if (end < 0) return undefined;
    const part = source.slice(at, end);
    at = end;
    if (!part.startsWith('<')) {
      inner.text += unescaped(part);
      continue;
    }
    if (part.startsWith('<?') || part.startsWith('<!--')) continue;
    const [, closes, name] = tag.exec(part.slice(1, -1)) ?? [];
    if (name === undefined) return undefined;
    if (closes) {
      if (open.length < 2 || inner.name !== name) return undefined;
      open.pop();
      continue;
    }
    const made = { name, children: [] as Element[], text: '' };
    inner.children.push(made);
    if (!part.endsWith('/>')) open.push(made);
  }
  return open.length === 1 && root.children.length === 1 ? root.children[0] : undefined;
}

function endOfText(source: string, start: number): number {
  const at = source.indexOf('<', start);
  return at < 0 ? source.length : at;
}

/** Where a tag, a comment or a declaration is over; -1 when it is not. */
function endOfMarkup(source: string, start: number): number {
  const close = source.startsWith('<!--', start) ? '-->' : source.startsWith('<?', start) ? '?>' : '>';
  const at = source.indexOf(close, start);
  return at < 0 ? -1 : at + close.length;
}

export function child(element: Element | undefined, name: string): Element | undefined {
  return element?.children.find((one) => one.name === name);
}

/** Text of a child without children; undefined when there is none. */
export function textOf(element: Element | undefined, name: string): string | undefined {
  return child(element, name)?.text.trim();
}

export type Content = string | number | readonly Content[] | { readonly [name: string]: Content | undefined };

/** Members in their order; a list repeats its element; what is undefined is left out. */
export function writeXml(content: Content): string {
  if (typeof content === 'string' || typeof content === 'number') return escaped(String(content));
  if (Array.isArray(content)) return content.map((one: Content) => writeXml(one)).join('');
  return Object.entries(content as Record<string, Content | undefined>)
    .map(([name, value]) =>
      value === undefined
        ? ''
        : [value]
            .flat()
            .map((one) => `<${name}>${writeXml(one as Content)}</${name}>`)
            .join(''),
    )
    .join('');
}

function unescaped(text: string): string {
  return text
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&apos;/g, "'")
    .replace(/&amp;/g, '&');
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}
