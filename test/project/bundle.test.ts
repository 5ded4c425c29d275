import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { BundleError, bundleHandlers } from '../../tools/bundles/bundle';

describe('bundling', () => {
  let root: string;
  const write = (file: string, text: string): void => {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  };
  const install = (name: string, code: string, license = 'MIT'): void => {
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.2.3', main: 'index.js', license }));
    write(`node_modules/${name}/index.js`, code);
    write(`node_modules/${name}/LICENSE`, `licence of ${name}\n`);
  };
  const problems = async (): Promise<string> =>
    bundleHandlers({ root }).then(
      () => 'none',
      (error: BundleError) => error.message,
    );

  beforeEach(() => {
    root = mkdtempSync(path.join(os.tmpdir(), 'bundle-'));
    write('package.json', JSON.stringify({ name: 'product', version: '0.1.0' }));
    write('src/area/greet.handler.ts', "import { hello } from 'greeting';\nexport const handler = (): string => hello;\n");
    install('greeting', "exports.hello = 'hello';\n");
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const load = (): { handler(): string } => {
    const module = { exports: {} };
    new Function('module', 'exports', 'require', readFileSync(path.join(root, 'assets/area/greet/index.js'), 'utf8'))(
      module,
      module.exports,
      require,
    );
    return module.exports as { handler(): string };
  };

  test('makes a file that Lambda can load by index.handler, with its packages inside', async () => {
    const [bundle] = await bundleHandlers({ root });
    expect(bundle).toMatchObject({ name: 'area/greet', rebuilt: true, problems: [] });
    expect(load().handler()).toBe('hello');
  });

  test('leaves alone what has not changed, and bundles again what has', async () => {
    await bundleHandlers({ root });
    expect((await bundleHandlers({ root }))[0].rebuilt).toBe(false);
    install('greeting', "exports.hello = 'good morning';\n");
    expect((await bundleHandlers({ root }))[0].rebuilt).toBe(true);
    expect(load().handler()).toBe('good morning');
  });

  test('makes good a bundle that somebody changed or deleted', async () => {
    await bundleHandlers({ root });
    write('assets/area/greet/index.js', '// mine');
    expect((await bundleHandlers({ root }))[0].rebuilt).toBe(true);
    rmSync(path.join(root, 'assets'), { recursive: true });
    expect((await bundleHandlers({ root }))[0].rebuilt).toBe(true);
  });

  test('makes the same bytes each time', async () => {
    const bytes = async (): Promise<string> => {
      await bundleHandlers({ root, force: true });
      return readFileSync(path.join(root, 'assets/area/greet/index.js'), 'utf8');
    };
    expect(await bytes()).toBe(await bytes());
  });

  test('removes the bundle of a handler that is gone', async () => {
    write('src/area/leave.handler.ts', "export const handler = (): string => 'bye';\n");
    await bundleHandlers({ root });
    rmSync(path.join(root, 'src/area/leave.handler.ts'));
    await bundleHandlers({ root });
    expect(existsSync(path.join(root, 'assets/area/leave'))).toBe(false);
    expect(existsSync(path.join(root, 'assets/area/greet/index.js'))).toBe(true);
  });

  test('refuses CDK in a bundle, also when nothing of it is left', async () => {
    install('aws-cdk-lib', 'exports.Stack = class {};\n');
    write('src/area/greet.handler.ts', "import { Stack } from 'aws-cdk-lib';\nexport const handler = (): string => Stack.name;\n");
    expect(await problems()).toBe('area/greet holds aws-cdk-lib: a handler imports a construct file; move what both need to contract.ts');
  });

  test('refuses what teams bring themselves', async () => {
    install('aws-xray-sdk-core', 'exports.captureAWSv3Client = (client) => client;\n');
    write(
      'src/area/greet.handler.ts',
      "import sdk from 'aws-xray-sdk-core';\nexport const handler = (): unknown => sdk.captureAWSv3Client;\n",
    );
    expect(await problems()).toBe('area/greet holds aws-xray-sdk-core: it is for the code of teams to bring; take it as an argument');
  });

  test('refuses a bundle over its limit and names the largest parts', async () => {
    install('greeting', `exports.hello = '${'hello'.repeat(100_000)}';\n`);
    expect(await problems()).toMatch(
      /^area\/greet is \d+ bytes, over its limit of 450000: .*\(largest: node_modules\/greeting \d+, src \d+\)$/,
    );
  });

  test('refuses a package whose licence does not allow it', async () => {
    install('greeting', 'exports.hello = 1;\n', 'SSPL-1.0');
    expect(await problems()).toContain("greeting@1.2.3 is bundled under 'SSPL-1.0'");
  });

  test('says where a handler cannot be bundled', async () => {
    write('src/area/greet.handler.ts', "import { nothing } from './nowhere';\nexport const handler = nothing;\n");
    expect(await problems()).toMatch(
      /^src\/area\/greet\.handler\.ts cannot be bundled: src\/area\/greet\.handler\.ts:1: Could not resolve/,
    );
  });

  describe('of what teams bundle again', () => {
    const library = (text: string): void => write('src/events/consumers/runtime.aws.ts', text);

    test('is made in both module forms, with nothing left to resolve', async () => {
      library(
        "import { hello } from 'greeting';\nimport { tmpdir } from 'node:os';\nexport const greet = (): string => hello + tmpdir();\n",
      );
      expect(await problems()).toBe('none');
      expect(readFileSync(path.join(root, 'runtime/index.js'), 'utf8')).toMatch(/module\.exports=/);
      expect(readFileSync(path.join(root, 'runtime/index.mjs'), 'utf8')).toMatch(
        /import\{tmpdir as \w+\}from"node:os".*export\{\w+ as greet\}/,
      );
    });

    test('refuses a package that a team may not have', async () => {
      install('greeting', "exports.hello = () => import(/* a name that no bundler sees through, kept out on purpose */ 'absent');\n");
      library("import { hello } from 'greeting';\nexport const greet = hello;\n");
      expect(await problems()).toContain(
        'src/events/consumers/runtime.aws.ts cannot be bundled: node_modules/greeting/index.js:1: Could not resolve "absent"',
      );
    });

    test('refuses what an ES module cannot say', async () => {
      install('greeting', "exports.hello = require('node:os').tmpdir();\n");
      library("import { hello } from 'greeting';\nexport const greet = hello;\n");
      expect(await problems()).toBe(
        "src/events/consumers/runtime.aws.ts cannot be bundled: Error: it says require('node:os'), which an ES module may not " +
          'use: import it',
      );
    });
  });

  test('publishes the licences of what is inside', async () => {
    await bundleHandlers({ root });
    const text = readFileSync(path.join(root, 'THIRD_PARTY_LICENSES'), 'utf8');
    const sbom = readFileSync(path.join(root, 'sbom.cdx.json'), 'utf8');
    expect(JSON.parse(sbom)).toMatchObject({
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      metadata: { component: { name: 'product', version: '0.1.0' } },
    });
    const { components } = JSON.parse(sbom) as { components: { name: string; version: string; purl: string; licenses: object[] }[] };
    expect(components).toContainEqual(
      expect.objectContaining({ name: 'greeting', version: '1.2.3', purl: 'pkg:npm/greeting@1.2.3', licenses: [{ expression: 'MIT' }] }),
    );
    expect(components).toHaveLength((text.match(/^\S+@\d\S* \(/gm) ?? []).length);
    expect(sbom).not.toMatch(/timestamp|serialNumber/);
    expect(text).toContain('greeting@1.2.3 (MIT)\n\nlicence of greeting');
  });
});
