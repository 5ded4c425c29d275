/**
 * As much of XML as Route 53 and CloudFormation answer with: elements without attributes, named without a prefix. Whatever is written
 * otherwise is not found, and what is not found is never taken for an answer.
 */

/** All elements of a name that do not stand in each other, whole, as they are written; one without an end is none. */
export function elementsOf(xml: string, name: string): readonly string[] {
  const [open, close] = [`<${name}>`, `</${name}>`];
  return xml
    .split(open)
    .slice(1)
    .flatMap((behind) => {
      const end = behind.indexOf(close);
      return end < 0 ? [] : [open + behind.slice(0, end) + close];
    });
}

/** The text of the first element of a name; undefined when there is none, or when it has elements in it. */
export function textOf(xml: string, name: string): string | undefined {
  const behind = xml.split(`<${name}>`)[1];
  const end = behind?.indexOf('<') ?? -1;
  return behind?.startsWith(`</${name}>`, end) ? unescapeText(behind.slice(0, end)) : undefined;
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

function unescapeText(text: string): string {
  return text.replace(
    /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(lt|gt|quot|apos|amp));/gi,
    (_all, hex?: string, decimal?: string, name?: string) =>
      name === undefined ? String.fromCodePoint(hex === undefined ? Number(decimal) : parseInt(hex, 16)) : entities[name.toLowerCase()],
  );
}

export function escapeText(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}
