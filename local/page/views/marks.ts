import { html, slug, type Html, type Part } from '../../http/html';

/** Colours that tell regions apart; they come round again after these. */
const colours = 6;

/** Place of a region's colour, from its place in the run. */
export function colourOf(region: string, regions: readonly string[]): string {
  const index = regions.indexOf(region);
  return index < 0 ? 'r-none' : `r${index % colours}`;
}

/** The region's colour with its name: never the colour alone. */
export function regionName(region: string, regions: readonly string[]): Html {
  return html`<span class="region"><span class="swatch ${colourOf(region, regions)}" aria-hidden="true"></span>${region}</span>`;
}

export type Tone = 'good' | 'bad' | 'warn' | 'calm';

const signs: Readonly<Record<Tone, string>> = { good: '●', bad: '▲', warn: '◆', calm: '○' };

/** A word with a sign of its own for each tone: not told by colour alone. */
export function mark(label: string, tone: Tone): Html {
  return html`<span class="mark ${tone}"><span aria-hidden="true">${signs[tone]} </span>${label}</span>`;
}

export interface SwitchOptions {
  readonly action: string;
  readonly label: string;
  /** What the label is about, for those who do not see the place of the button. */
  readonly of: string;
  readonly id: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly tone?: 'danger' | 'primary' | 'plain';
}

/** A form of one button: works without a script, and keeps its ID when its label changes, so the focus stays. */
export function switchButton({ action, label, of, id, fields = {}, tone = 'plain' }: SwitchOptions): Html {
  const hidden = Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`);
  const button = html`<button type="submit" class="${tone}" id="${slug(id)}" aria-label="${label} ${of}">${label}</button>`;
  return html`<form method="post" action="${action}" hx-post="${action}" hx-swap="none">${hidden}${button}</form>`;
}

/** Path segments are names of regions, which come from the app. */
export function pathOf(...segments: readonly string[]): string {
  return `/${segments.map(encodeURIComponent).join('/')}`;
}

export interface Column {
  readonly head: string;
  readonly kind?: 'number' | 'action';
}

/** A table whose rows turn into cards on a phone: each cell knows its column's name. */
export function table(caption: string, columns: readonly Column[], rows: readonly (readonly Part[])[]): Html {
  const kind = (index: number): Part => columns[index].kind && html` class="${columns[index].kind}"`;
  const head = columns.map(({ head: name }, index) => html`<th scope="col"${kind(index)}>${name}</th>`);
  const body = rows.map(
    ([first, ...rest]) =>
      html`<tr><th scope="row">${first}</th>${rest.map(
        (cell, index) => html`<td data-head="${columns[index + 1].head}"${kind(index + 1)}>${cell}</td>`,
      )}</tr>`,
  );
  return html`<table><caption class="unseen">${caption}</caption><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`;
}

/** A part of the app or of the run that is not there: said, not shown as zeros. */
export function absent(what: string): Html {
  return html`<p class="absent">${what}</p>`;
}
