import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pageScript } from '../ground/places';

export interface Asset {
  readonly contentType: string;
  readonly body: string;
}

const assetPath = (name: string): string => path.join(__dirname, 'assets', name);
const script = (name: string, ...parts: string[]) => ({
  contentType: 'text/javascript; charset=utf-8',
  file: pageScript(assetPath(name), ...parts),
});

/** What the page loads, all of it from here: nothing comes from another host. */
const files: Readonly<Record<string, { readonly contentType: string; readonly file: string }>> = {
  'page.css': { contentType: 'text/css; charset=utf-8', file: assetPath('page.css') },
  'parts.css': { contentType: 'text/css; charset=utf-8', file: assetPath('parts.css') },
  'board.css': { contentType: 'text/css; charset=utf-8', file: assetPath('board.css') },
  'page.js': { contentType: 'text/javascript; charset=utf-8', file: assetPath('page.js') },
  'icon.svg': { contentType: 'image/svg+xml', file: assetPath('icon.svg') },
  'htmx.js': script('htmx.js', 'htmx.org', 'dist', 'htmx.min.js'),
  'sse.js': script('sse.js', 'htmx-ext-sse', 'dist', 'sse.min.js'),
  'idiomorph.js': script('idiomorph.js', 'idiomorph', 'dist', 'idiomorph-ext.min.js'),
};

/** Undefined for every name that is not in the list: no path leads out of it. */
export function assetOf(name: string): Asset | undefined {
  if (!Object.prototype.hasOwnProperty.call(files, name)) return undefined;
  const { contentType, file } = files[name];
  return existsSync(file) ? { contentType, body: readFileSync(file, 'utf8') } : undefined;
}
