import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { siteCopyType } from '../assembly/site-copies';
import type { FabricResource } from '../ground/model';
import { isLike } from '../ground/wildcard';

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.ico': 'image/x-icon',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.mjs': 'text/javascript',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

/** Copies the folders of the templates' bucket deployments into the buckets, each in its region, in the templates' order. */
export async function copySite(
  resources: readonly FabricResource[],
  folderOf: (stack: string) => string,
  client: (region: string) => S3Client | undefined,
): Promise<void> {
  for (const { stack, region, properties } of resources.filter(({ type }) => type === siteCopyType)) {
    const to = client(region);
    if (!to) continue;
    const {
      SourceObjectKeys: keys,
      DestinationBucketName,
      DestinationBucketKeyPrefix: prefix = '',
      SystemMetadata: told = {},
    } = properties;
    for (const source of keys as string[]) {
      const folder = path.join(folderOf(stack), `asset.${path.parse(source).name}`);
      for (const name of chosen(folder, properties)) {
        await to.send(
          new PutObjectCommand({
            Bucket: DestinationBucketName as string,
            Key: path.posix.join(String(prefix).replace(/^\//, ''), name),
            Body: readFileSync(path.join(folder, name)),
            ContentType: types[path.extname(name)] ?? 'application/octet-stream',
            ...(told['cache-control'] ? { CacheControl: told['cache-control'] as string } : {}),
          }),
        );
      }
    }
  }
}

/** As `aws s3 sync` chooses: the later filter wins, and the CDK gives the ones that exclude first. */
function chosen(folder: string, { Exclude: exclude = [], Include: include = [] }: Readonly<Record<string, any>>): string[] {
  const some = (patterns: readonly string[], name: string): boolean => patterns.some((pattern) => isLike(name, pattern));
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .filter((name) => some(include as string[], name) || !some(exclude as string[], name))
    .sort();
}
