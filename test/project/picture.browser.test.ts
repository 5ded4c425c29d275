import type { Browser } from 'playwright-core';
import { readTracked } from './tracked-files';
import { browserAbsence, openBrowser } from '../../tools/chromium';

jest.setTimeout(60_000);

const inBrowser = browserAbsence() === undefined ? describe : describe.skip;

/** A shape or a text as the browser draws it, in pixels. */
interface Drawn {
  readonly text: string;
  readonly fill: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** In the browser: what the picture's elements of a kind look like. */
const drawn = (selector: string): string => `[...document.querySelectorAll('${selector}')].map((one) => {
  const { left, right, top, bottom } = one.getBoundingClientRect();
  return { text: one.textContent, fill: getComputedStyle(one).fill, left, right, top, bottom };
})`;

function problemsOf(texts: readonly Drawn[], shapes: readonly Drawn[]): string[] {
  const size = (one: Drawn): number => (one.right - one.left) * (one.bottom - one.top);
  return texts.flatMap((one) => {
    const [x, y] = [(one.left + one.right) / 2, (one.top + one.bottom) / 2];
    const around = shapes.filter(({ left, right, top, bottom }) => x > left && x < right && y > top && y < bottom);
    const [box] = around.sort((shape, other) => size(shape) - size(other));
    return [
      ...(one.left >= box.left && one.right <= box.right && one.top >= box.top && one.bottom <= box.bottom
        ? []
        : [`'${one.text}' leaves its box`]),
      ...(one.bottom - one.top >= 9 ? [] : [`'${one.text}' is ${one.bottom - one.top} pixels high`]),
      ...(one.fill === box.fill ? [`'${one.text}' has the colour of its box`] : []),
    ];
  });
}

inBrowser('the picture of the architecture in a browser', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await openBrowser();
  });

  afterAll(async () => browser.close());

  test.each([
    [375, 'light'],
    [375, 'dark'],
    [1_000, 'light'],
  ] as const)('has every text inside its box and readable, at %i pixels, %s', async (width, colorScheme) => {
    const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
    try {
      const style = '<style>svg { max-width: 100%; height: auto }</style>';
      await page.setContent(`<body style="margin: 8px">${style}${readTracked('docs/images/architecture.svg')}</body>`);
      const texts = await page.evaluate<Drawn[]>(drawn('text'));
      expect(texts.length).toBeGreaterThan(20);
      expect(problemsOf(texts, await page.evaluate<Drawn[]>(drawn('rect, circle')))).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    } finally {
      await page.close();
    }
  });
});
