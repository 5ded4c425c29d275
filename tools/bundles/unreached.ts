/**
 * The parts of the AWS SDK that a function in Lambda never reaches, left out of its bundle. A bundle is compiled whole before the first
 * request, so what is not there costs nothing. Each part says why it is never reached; a call that reaches one after all throws, by name.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Plugin } from 'esbuild';

interface UnreachedPart {
  /** What is left out, below `node_modules/`. */
  readonly file: string;
  readonly why: string;
  /** Its exports that are called all the same, as a function in Lambda needs them. */
  readonly kept?: string;
  /** Its exports of which a call would be a mistake. */
  readonly gone?: readonly string[];
}

const smithyConfig = '@smithy/core/dist-es/submodules/config';

const parts: readonly UnreachedPart[] = [
  {
    file: '@aws-sdk/credential-provider-node/dist-es/index.js',
    why: "Lambda puts a function's credentials into its environment and nowhere else",
    kept: "import { fromEnv } from '@aws-sdk/credential-provider-env';\nexport const defaultProvider = (init) => fromEnv(init);\n",
  },
  {
    file: `${smithyConfig}/shared-ini-file-loader/loadSharedConfigFiles.js`,
    why: 'Lambda has no ~/.aws: the SDK would look for two files at the first request',
    kept:
      "export { CONFIG_PREFIX_SEPARATOR } from './constants';\n" +
      'export const loadSharedConfigFiles = async () => ({ configFile: {}, credentialsFile: {} });\n',
  },
  {
    file: `${smithyConfig}/config-resolver/regionConfig/getInstanceMetadataRegion.js`,
    why: 'Lambda sets AWS_REGION, and has no instance metadata',
    kept: 'export const getInstanceMetadataRegion = async () => undefined;\n',
  },
  {
    file: '@smithy/core/dist-es/submodules/event-streams/index.js',
    why: 'no call of ours answers with an event stream; loaded late, it would keep the whole bundle from being one scope',
    gone: ['EventStreamSerde', 'eventStreamSerdeProvider'],
  },
  {
    file: '@aws-sdk/middleware-endpoint-discovery/dist-es/index.js',
    why: 'DynamoDB has one endpoint in a region',
    kept:
      'export const NODE_ENDPOINT_DISCOVERY_CONFIG_OPTIONS = ' +
      '{ environmentVariableSelector: () => undefined, configFileSelector: () => undefined, default: undefined };\n' +
      'export const resolveEndpointDiscoveryConfig = (input) => input;\n',
  },
  {
    file: '@smithy/core/dist-es/submodules/checksum/sha256/Sha256Js.js',
    why: 'Node has SHA-256 of its own; this one is for what has not',
    gone: ['Sha256Js'],
  },
];

const modules = `${path.sep}node_modules${path.sep}`;

const packages = path.resolve(__dirname, '..', '..', 'node_modules');

/** Leaves the parts out. Fails when a part is not at its place in the installed SDK: an update that moved it would bring it back unseen. */
export function withoutUnreached(): Plugin {
  return {
    name: 'unreached',
    setup: (build) => {
      for (const { file, why, kept = '', gone = [] } of parts) {
        const place = path.join(packages, file);
        if (!existsSync(place)) {
          throw new Error(
            `node_modules/${file} is not in the installed SDK; find where it went and name that file in tools/bundles/unreached.ts`,
          );
        }
        const message = (name: string): string => JSON.stringify(`${name} is not in this function: ${why}`);
        const refusing = gone.map((name) => `export function ${name}() { throw new Error(${message(name)}); }\n`).join('');
        build.onLoad({ filter: exactPattern(place) }, () => ({ contents: kept + refusing, loader: 'js', resolveDir: path.dirname(place) }));
      }
      // Of a client's package.json the SDK reads the version, for the user agent.
      build.onLoad({ filter: /[/\\]@aws-sdk[/\\]client-[a-z0-9-]+[/\\]package\.json$/ }, ({ path: file }) => {
        const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
        return { contents: JSON.stringify({ version }), loader: 'json' };
      });
    },
  };
}

function exactPattern(file: string): RegExp {
  return new RegExp(`${file.slice(file.lastIndexOf(modules)).replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')}$`);
}
