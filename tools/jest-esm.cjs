// Turns packages that are published as ES modules only into CommonJS, which is what jest runs.
const { transformSync } = require('esbuild');

module.exports = {
  process(source, file) {
    const { code } = transformSync(source, { format: 'cjs', target: 'node20', loader: 'js', sourcefile: file });
    return { code };
  },
};
