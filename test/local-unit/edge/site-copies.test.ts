import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { siteCopies, type OpenEdgeOptions } from '../../../local/edge/open';

let folder: string;
const state: Record<string, string> = {};
const copied: string[] = [];

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'site-'));
  mkdirSync(path.join(folder, 'asset.abc'));
  writeFileSync(path.join(folder, 'asset.abc', 'index.html'), '<p>');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const regions = ['us-east-1', 'us-west-2'].map((name) => ({
  name,
  get state() {
    return state[name];
  },
}));
const resources = regions.map(({ name }) => ({
  type: 'Custom::CDKBucketDeployment',
  stack: name,
  region: name,
  properties: { SourceObjectKeys: ['abc.zip'], DestinationBucketName: `site-${name}` },
}));

test('a region that is lost at the first request holds up nobody: the other has its copy, and this one gets it later, once', async () => {
  const copy = siteCopies(
    { resources, regions, folders: new Map(regions.map(({ name }) => [name, folder])) } as unknown as OpenEdgeOptions,
    (region) =>
      ({
        // What is sent to a region whose processes are frozen is never answered.
        send: ({ input }: PutObjectCommand) =>
          state[region] === 'running' ? Promise.resolve(copied.push(`${input.Bucket}/${input.Key}`)) : new Promise(() => {}),
      }) as unknown as S3Client,
  );
  Object.assign(state, { 'us-east-1': 'stopped', 'us-west-2': 'running' });
  await expect(copy()).rejects.toThrow('us-east-1 is stopped');
  expect(copied).toEqual(['site-us-west-2/index.html']);
  state['us-east-1'] = 'running';
  await copy();
  await copy();
  expect(copied).toEqual(['site-us-west-2/index.html', 'site-us-east-1/index.html']);
});
