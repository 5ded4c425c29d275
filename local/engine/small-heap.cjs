// Loaded into every function of a run (NODE_OPTIONS, which does not take the flag itself): some fifty are warm at once, and each would keep
// room for more than it holds.
require('node:v8').setFlagsFromString('--optimize-for-size');
