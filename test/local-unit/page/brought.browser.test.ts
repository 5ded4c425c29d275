import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { broughtChromium, broughtFor, openBrowser } from '../../../tools/chromium';

const here = broughtFor(process.platform, process.arch) ? describe : describe.skip;

here('the browser that the packages bring', () => {
  test('needs nothing of the machine but the C library', () => {
    const { executable, env } = broughtChromium();
    const libraries = execFileSync('ldd', [executable], { encoding: 'utf8', env: { ...process.env, ...env } })
      .trim()
      .split('\n')
      .map((line) => line.trim());
    const own = path.dirname(executable);
    const others = libraries.filter((line) => !line.includes(`=> ${own}/`)).map((line) => path.basename(line.split(/\s/)[0]));
    expect(libraries.length).toBeGreaterThan(others.length);
    expect(others.filter((name) => !/^(linux-vdso|ld-linux-x86-64|lib(c|m|dl|pthread|rt|gcc_s))\.so(\.\d+)?$/.test(name))).toEqual([]);
  });

  test('draws letters', async () => {
    const browser = await openBrowser(broughtChromium());
    const page = await browser.newPage();
    await page.setContent('<span id=a>iiii</span><br><span id=b>WWWW</span>');
    const width = async (id: string) => (await page.locator(id).boundingBox())!.width;
    expect(await width('#b')).toBeGreaterThan(1.5 * (await width('#a')));
    await browser.close();
  });
});
