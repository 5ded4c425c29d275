// The program of the local run's package: what must be so before the run itself can be loaded. It is bundled, for old versions of Node too,
// so that they say one clear line.
const { createRequire } = require('node:module');
const { makeRunFolder, removeRunFolder } = require('../run-folder.cjs');

function refuse(line) {
  process.stderr.write(`${line}\n`);
  process.exit(1);
}

if (Number(process.versions.node.split('.')[0]) < 20) {
  refuse(`Node ${process.versions.node} is too old: the local run needs Node 20 or newer`);
}
if (process.platform !== 'linux' && process.platform !== 'darwin') {
  refuse(`the local run works on Linux and macOS, not on ${process.platform}: on Windows use WSL`);
}
// All that the run starts makes its temporary files in there, and is ended with it.
const folder = makeRunFolder(false);
Object.assign(process.env, { TMPDIR: folder, RUN_TMPDIR: folder });
if (process.env.NODE_NO_WARNINGS === undefined) process.env.NODE_NO_WARNINGS = '1';
process.on('exit', () => removeRunFolder(folder));
createRequire(__filename)('../lib/index.js');
