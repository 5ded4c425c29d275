import path from 'node:path';

/** Where a clone has the examples; the published package has none. */
export const exampleFolder = path.resolve(__dirname, '..', 'examples');
