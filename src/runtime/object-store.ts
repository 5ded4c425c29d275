import { createHash } from 'node:crypto';
import { BoundedAnswer } from './bounded-call';
import { answeredCall, CallRefused, signedCall } from './signed-call';

/** Objects of one bucket, with the parts that the DynamoDB client brings anyway: S3's own client is larger than a function may be. */
export interface ObjectStore {
  /** The object's text; undefined where it is not there. */
  get(key: string): Promise<string | undefined>;
  /** The ID of the version that was written; undefined where the bucket has no versions. */
  put(key: string, text: string, contentType: string): Promise<string | undefined>;
  /** Only where there is none. False: there was one, and nothing was written. After a lost answer that may be this one's own. */
  putNew(key: string, text: string, contentType: string): Promise<boolean>;
}

/** The bucket is addressed in the path. Its name has no dots, and keys have letters, digits and what needs no escape. */
export function objectStore(region: string, bucket: string): ObjectStore {
  const pathOf = (key: string): string => `/${bucket}/${key}`;
  const write = (key: string, text: string, contentType: string, more: Readonly<Record<string, string>> = {}): Promise<BoundedAnswer> => {
    // A bucket with object lock takes no upload without a checksum.
    const checksum = createHash('sha256').update(text).digest('base64');
    const headers = { 'content-type': contentType, 'x-amz-checksum-sha256': checksum, ...more };
    return answeredCall({ service: 's3', region, method: 'PUT', path: pathOf(key), headers, body: text });
  };
  return {
    get: async (key) => {
      try {
        return await signedCall({ service: 's3', region, method: 'GET', path: pathOf(key) });
      } catch (error) {
        if (error instanceof CallRefused && error.status === 404) return undefined;
        throw error;
      }
    },
    put: async (key, text, contentType) => (await write(key, text, contentType)).headers['x-amz-version-id'],
    putNew: async (key, text, contentType) => {
      try {
        await write(key, text, contentType, { 'if-none-match': '*' });
        return true;
      } catch (error) {
        if (error instanceof CallRefused && error.status === 412) return false;
        throw error;
      }
    },
  };
}
