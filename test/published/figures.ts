/** Figures in documents, and whether a reader can see where each comes from. */

/** What belongs together: a paragraph, a point of a list, a table. */
export interface Block {
  readonly line: number;
  readonly text: string;
  /** The sentence before a table, a list or a sample, which speaks of it. */
  readonly introduction: string;
  /** All of the section that it is in. */
  readonly section: string;
}

const times = 'ms|s|min|minutes?|seconds?|hours?';
const sizes = 'KB|MB|GB|GiB|TB';
const rates = '(?:write |read )?units(?: a second)?|(?:payments|calls|writes|events|requests) a (?:second|day)';
const unit = `(?:${times}|${sizes}|${rates}|%|percent)`;
const figure = new RegExp(`(?<![\\w.,$-])(?:\\$\\d[\\d,.]*|\\d[\\d,.]*\\s?${unit})(?![\\w-])`);

/** Written into documents by commands, which the mark around them names; tests compare them. */
const generated = /<!-- (?:npx|figures: npm run) [^]*?<!-- (?:end|end of figures) -->/g;
const blank = (text: string): string => text.replace(/[^\n]/g, '');

/** The blocks of a document that have a figure in their prose. */
export function blocksWithFigures(document: string): Block[] {
  const sections: { line: number; text: string }[][] = [[]];
  let isSample = false;
  let open: { line: number; text: string } | undefined;
  const lines = document.replace(generated, blank).split('\n');
  for (const [index, line] of lines.entries()) {
    if (/^\s*```/.test(line)) isSample = !isSample;
    if (!isSample && (line.trim() === '' || /^#{1,6} /.test(line))) {
      open = undefined;
      if (line.startsWith('#')) sections.push([]);
      continue;
    }
    const begins = !isSample && (/^\s*(?:[-*]|\d+\.) /.test(line) || (/^\s*\|/.test(line) && !/^\s*\|/.test(open?.text ?? '')));
    if (open === undefined || begins) {
      open = { line: index + 1, text: '' };
      sections.at(-1)!.push(open);
    }
    open.text += `${line}\n`;
  }
  return sections.flatMap((blocks) => {
    const section = blocks.map(({ text }) => text).join('\n');
    return blocks
      .map(({ line, text }, index) => ({ line, text, section, introduction: introductionTo(index, blocks) }))
      .filter(({ text }) => figure.test(withoutCode(text)));
  });
}

/** The nearest paragraph before a block that ends with a colon, past other points of the same list. */
function introductionTo(index: number, blocks: readonly { readonly text: string }[]): string {
  const before = blocks.slice(0, index).reverse();
  const paragraph = before.find(({ text }) => !/^\s*(?:[-*]|\d+\.) /.test(text))?.text.trimEnd() ?? '';
  return paragraph.endsWith(':') ? paragraph : '';
}

const withoutCode = (text: string): string => text.replace(/^\s*```[^]*?^\s*```/gm, '').replace(/`[^`]*`/g, 'code');

const command = /(?:`|^\s*)(?:npm (?:run|test|install)|npx |node )[^`]*/m;
/** Pages of others, the guides that hold figures, and sections of the same one. */
const source = /\]\(https?:|\]\([^)\s]*(?:performance|reliability|cost|scaling|regions|home-region|reference|alarms|support|README)\.md/;
const file = /`(?:test|tools|src|local)\/[^`]*`/;
/** Words that say that a figure was not measured, or by what it was. */
const mark =
  /\b(?:estimated?|estimates|expected|computed|reckon(?:s|ed)?|assume[ds]?|counted|by default|at synthesis|no command repeats|public notes)\b/i;

/** Where a figure comes from, as far as its document says so; undefined: a reader has to guess. */
export function originOf({ text, introduction, section }: Block, settings: ReadonlySet<string>): string | undefined {
  const near = `${introduction}\n${text}`;
  const names = [...near.matchAll(/`(?:[\w.]+\.)?([a-z]\w+)`/g)].map(([, name]) => name);
  if (command.test(section)) return 'a command';
  if (source.test(near)) return 'a link';
  if (file.test(near)) return 'a file';
  if (mark.test(near)) return 'a mark';
  return names.some((name) => settings.has(name)) ? 'a setting' : undefined;
}
