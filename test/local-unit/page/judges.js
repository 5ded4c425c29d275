/* Runs inside the page under test: see watched-page.ts. */
(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });

  /** Red, green, blue of 0 to 255 and opacity of 0 to 1, whatever the notation. */
  const parsed = (text) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue, opacity] = canvas.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, opacity / 255];
  };
  const over = (top, below) => [0, 1, 2].map((part) => top[part] * top[3] + below[part] * (1 - top[3])).concat(1);
  const ground = (element) => {
    if (!element) return [255, 255, 255, 1];
    const own = parsed(getComputedStyle(element).backgroundColor);
    return own[3] >= 1 ? own : over(own, ground(element.parentElement));
  };
  const luminance = (colour) => {
    const [red, green, blue] = colour
      .slice(0, 3)
      .map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (colour, below) => {
    const [light, dark] = [luminance(over(colour, below)), luminance(below)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };

  /** Texts whose contrast is below what WCAG 2.2 AA asks for: 4.5, or 3 for large ones; bars and swatches, 3. */
  const faint = () => {
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode.textContent.trim();
      const element = walker.currentNode.parentElement;
      if (!text || element.closest('.unseen, noscript, .skip') || element.getClientRects().length === 0) continue;
      const style = getComputedStyle(element);
      const size = parseFloat(style.fontSize);
      const least = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
      const ratio = contrast(parsed(style.color), ground(element));
      if (ratio < least) found.push(`${text.slice(0, 40)}: ${ratio.toFixed(2)}`);
    }
    for (const bar of document.querySelectorAll('svg rect[class^=r]:not(.rail)')) {
      const ratio = contrast(parsed(getComputedStyle(bar).fill), ground(bar.closest('.panel')));
      if (ratio < 3) found.push(`bar ${bar.getAttribute('class')}: ${ratio.toFixed(2)}`);
    }
    return [...new Set(found)];
  };

  const named = (element) => {
    const by = element.getAttribute('aria-labelledby');
    const labels = [...(element.labels ?? [])].map((label) => label.textContent);
    const names = [
      element.getAttribute('aria-label'),
      by && document.getElementById(by)?.textContent,
      ...labels,
      element.tagName !== 'INPUT' && element.textContent,
    ];
    return names.some((name) => name && name.trim());
  };

  /** What a reader with an assistive technology, or with large fingers, would stumble over, as far as it can be told cheaply. */
  const blocks = () => {
    const found = [];
    for (const element of document.querySelectorAll('button, a[href], input:not([type=hidden]), section, [role=img]')) {
      if (!named(element)) found.push(`no name: ${element.outerHTML.slice(0, 100)}`);
    }
    const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
    ids.filter((id, index) => ids.indexOf(id) !== index).forEach((id) => found.push(`twice: #${id}`));
    const levels = [...document.querySelectorAll('h1, h2, h3, h4')].map((heading) => Number(heading.tagName[1]));
    if (levels.filter((level) => level === 1).length !== 1) found.push('not one h1');
    levels.forEach((level, index) => level > (levels[index - 1] ?? 0) + 1 && found.push(`h${level} after h${levels[index - 1]}`));
    if (!document.documentElement.lang) found.push('no language');
    if (document.querySelectorAll('main').length !== 1) found.push('not one main');
    for (const table of document.querySelectorAll('table')) {
      if (!table.caption?.textContent || !table.querySelector('th[scope=col]')) found.push('table without caption or heads');
    }
    for (const element of document.querySelectorAll('button, input:not([type=hidden])')) {
      const { width, height } = element.getBoundingClientRect();
      if (width > 0 && (width < 24 || height < 24)) found.push(`too small to hit: ${element.outerHTML.slice(0, 80)}`);
    }
    return found;
  };

  return {
    faint,
    blocks,
    focused: () => document.activeElement?.getAttribute('aria-label') ?? undefined,
    widest: () => document.documentElement.scrollWidth,
    moving: () => document.getAnimations().length,
  };
})();
