import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import * as esbuild from 'esbuild';
import { handlerSettings } from '../../tools/bundles/bundle';
import { root } from '../../tools/steps';

const run = promisify(execFile);
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'unreached-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Code bundled as the handlers are, run by a Node of its own: what it printed, and the files that are in it. */
async function bundledRun(
  contents: string,
  env: NodeJS.ProcessEnv,
): Promise<{ readonly output: string; readonly files: readonly string[] }> {
  const file = path.join(folder, 'function.js');
  const { metafile } = await esbuild.build({
    ...handlerSettings,
    absWorkingDir: root,
    stdin: { contents, resolveDir: root, loader: 'ts' },
    outfile: file,
    write: true,
    sourcemap: false,
  });
  const { stdout } = await run(process.execPath, [file], { env });
  const [{ inputs }] = Object.values(metafile!.outputs);
  return { output: stdout, files: Object.keys(inputs).filter((input) => inputs[input].bytesInOutput > 0) };
}

describe('what a function never reaches', () => {
  test('a client works without it: credentials and region from the environment, and no other place is asked', async () => {
    const seen: Record<string, unknown>[] = [];
    const server = createServer((request, response) => {
      seen.push(request.headers);
      response.setHeader('content-type', 'application/x-amz-json-1.0');
      response.end(JSON.stringify({ Item: { pk: { S: 'a' } } }));
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    try {
      const { port } = server.address() as AddressInfo;
      const { output, files } = await bundledRun(
        `import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
        const client = new DynamoDBClient({ endpoint: 'http://127.0.0.1:${port}' });
        const get = new GetItemCommand({ TableName: 't', Key: { pk: { S: 'a' } } });
        client.send(get).then(({ Item }) => console.log(JSON.stringify(Item)));`,
        {
          AWS_REGION: 'eu-central-1',
          AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
          AWS_SECRET_ACCESS_KEY: 'secret',
          AWS_SESSION_TOKEN: 'session-token',
        },
      );
      expect(JSON.parse(output)).toEqual({ pk: { S: 'a' } });
      expect(seen[0]).toMatchObject({ 'x-amz-security-token': 'session-token' });
      expect(seen[0].authorization).toMatch(/Credential=AKIAIOSFODNN7EXAMPLE\/\d{8}\/eu-central-1\/dynamodb\/aws4_request/);
      expect(seen[0]['user-agent']).toMatch(/aws-sdk-js\/3\.\d+/);
      const left = /credential-provider-(?!env|node\/dist-es\/index)|endpoint-cache|mnemonist|event-streams\/(?!index)|parseIni/;
      expect(files.filter((file) => left.test(file))).toEqual([]);
    } finally {
      server.close();
    }
  });

  test('reaching it is an error that names it', async () => {
    const code =
      "import { EventStreamSerde } from '@smithy/core/event-streams';\ntry { new EventStreamSerde(); } catch (e) { " +
      'console.log(e.message); }';
    const { output } = await bundledRun(code, {});
    expect(output).toMatch(/^EventStreamSerde is not in this function: no call of ours answers with an event stream/);
  });
});
