import MarkdownIt from 'markdown-it';
import { html, type Html, type Part } from '../../http/html';

/** CommonMark with tables and bare addresses; HTML in it is text. */
const reader = new MarkdownIt({ html: false, linkify: true });

type Token = ReturnType<typeof reader.parse>[number];

/** What an element becomes. What is not here, pictures too, leaves its text alone: nothing is loaded from elsewhere. */
const elements: Readonly<Record<string, ((inside: Part, token: Token) => Html) | undefined>> = {
  paragraph: (inside) => html`<p>${inside}</p>`,
  heading: (inside, { tag }) => headings[tag]?.(inside) ?? html`<p>${inside}</p>`,
  bullet_list: (inside) => html`<ul>${inside}</ul>`,
  ordered_list: (inside) => html`<ol>${inside}</ol>`,
  list_item: (inside) => html`<li>${inside}</li>`,
  blockquote: (inside) => html`<blockquote>${inside}</blockquote>`,
  strong: (inside) => html`<strong>${inside}</strong>`,
  em: (inside) => html`<em>${inside}</em>`,
  s: (inside) => html`<s>${inside}</s>`,
  link: (inside, token) => html`<a href="${token.attrGet('href') ?? ''}" rel="noreferrer">${inside}</a>`,
  table: (inside) => html`<table class="matrix">${inside}</table>`,
  thead: (inside) => html`<thead>${inside}</thead>`,
  tbody: (inside) => html`<tbody>${inside}</tbody>`,
  tr: (inside) => html`<tr>${inside}</tr>`,
  th: (inside) => html`<th scope="col">${inside}</th>`,
  td: (inside) => html`<td>${inside}</td>`,
};

/** Below the panel's own heading. */
const headings: Readonly<Record<string, ((inside: Part) => Html) | undefined>> = {
  h1: (inside) => html`<h3>${inside}</h3>`,
  h2: (inside) => html`<h4>${inside}</h4>`,
  h3: (inside) => html`<h5>${inside}</h5>`,
  h4: (inside) => html`<h6>${inside}</h6>`,
};

const alone: Readonly<Record<string, ((token: Token) => Part) | undefined>> = {
  inline: ({ children }) => built(children ?? []),
  text: ({ content }) => content,
  image: ({ content }) => content,
  softbreak: () => '\n',
  hardbreak: () => html`<br>`,
  hr: () => html`<hr>`,
  code_inline: ({ content }) => html`<code>${content}</code>`,
  code_block: ({ content }) => html`<pre>${content}</pre>`,
  fence: ({ content }) => html`<pre>${content}</pre>`,
};

/** A text widget. */
export function textOf(markdown: string): Html {
  return html`${built(reader.parse(markdown, {}))}`;
}

function built(tokens: readonly Token[]): Part[] {
  const open: { readonly token?: Token; readonly parts: Part[] }[] = [{ parts: [] }];
  for (const token of tokens) {
    if (token.nesting === 1) {
      open.push({ token, parts: [] });
    } else if (token.nesting === 0) {
      open[open.length - 1].parts.push(alone[token.type]?.(token) ?? token.content);
    } else {
      const { token: opened, parts } = open.pop()!;
      const element = elements[opened!.type.replace(/_open$/, '')];
      // A list without room between its items has paragraphs that do not show.
      open[open.length - 1].parts.push(element && !opened!.hidden ? element(parts, opened!) : parts);
    }
  }
  return open[0].parts;
}
