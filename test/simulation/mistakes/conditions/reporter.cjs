// Jest's reporter for runs that end with the first red file: --bail leaves no report of its own. It says what is begun, too, for runs that
// hang.
const { appendFileSync } = require('node:fs');

module.exports = class {
  constructor(_, { output }) {
    this.write = (line) => appendFileSync(output, `${JSON.stringify(line)}\n`);
  }

  onTestFileStart({ path }) {
    this.write({ file: path });
  }

  onTestFileResult({ path }, { testExecError, testResults }) {
    const red = testResults.find(({ status }) => status === 'failed');
    if (testExecError ?? red) this.write({ file: path, test: red?.fullName, message: testExecError?.message ?? red.failureMessages[0] });
  }
};
