import { XMLBuilder, XMLParser, XMLValidator } from 'fast-xml-parser';

/** What an element holds, by name: text, elements, or a list of them for names that repeat. */
export interface Element {
  readonly [name: string]: string | Element | readonly (string | Element)[] | undefined;
}

export type Content = string | number | readonly Content[] | { readonly [name: string]: Content | undefined };

/** Elements that may stand beside others of their name: always read as lists. */
const repeated: ReadonlySet<string> = new Set(['Change', 'ResourceRecord']);

/** No document of Route 53 is nested deeper. */
const deepest = 20;

const parser = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  parseTagValue: false,
  maxNestedTags: deepest,
  isArray: (name) => repeated.has(name),
});
const builder = new XMLBuilder({ suppressEmptyNode: false });

/**
 * Reads a document, by the name of its root; undefined when it is none. One that declares a type is refused: its entities could grow
 * without bound, or name a file.
 */
export function readXml(source: string): Element | undefined {
  if (/<!(DOCTYPE|ENTITY)/i.test(source) || XMLValidator.validate(source) !== true) return undefined;
  try {
    const document: unknown = parser.parse(source);
    return isElement(document) ? document : undefined;
  } catch {
    return undefined;
  }
}

export function child(element: Element | undefined, name: string): Element | undefined {
  return childrenOf(element, name)[0];
}

/** The elements of a name; an empty one holds nothing. */
export function childrenOf(element: Element | undefined, name: string): readonly Element[] {
  const content = element && Object.hasOwn(element, name) ? element[name] : undefined;
  if (content === undefined) return [];
  return [content].flat().map((one) => (isElement(one) ? one : {}));
}

/** Text of a child without children; undefined when there is none. */
export function textOf(element: Element | undefined, name: string): string | undefined {
  const content = element && Object.hasOwn(element, name) ? element[name] : undefined;
  return typeof content === 'string' ? content : undefined;
}

/** Members in their order; a list repeats its element; what is undefined is left out. */
export function writeXml(content: Content): string {
  return builder.build(content);
}

function isElement(value: unknown): value is Element {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
