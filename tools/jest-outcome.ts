import path from 'node:path';
import { root, type Outcome } from './steps';

/** What of jest's own report is read. */
export type Report = Record<
  'numPassedTests' | 'numFailedTests' | 'numPendingTests' | 'numTodoTests' | 'numRuntimeErrorTestSuites',
  number
> & {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
};

/** Every failed case with the beginning of its message, where the cause stands; without colours. */
function causes({ testResults }: Report): string[] {
  const beginning = (text: string): string =>
    text
      .replace(/\u001b\[\d+m/g, '')
      .split('\n')
      .filter((line) => line.trim() !== '' && !/^\s+at .*(node_modules|node:)/.test(line))
      .slice(0, 12)
      .map((line) => `      ${line.slice(0, 300)}`)
      .join('\n');
  return testResults.flatMap(({ name, message, assertionResults }) => {
    const cases = assertionResults.filter(({ status }) => status === 'failed');
    const file = path.relative(root, name);
    if (cases.length > 0) {
      return cases.map(({ fullName, failureMessages }) => `${file}: ${fullName}\n${beginning(failureMessages.join('\n'))}`);
    }
    return assertionResults.length === 0 && message !== '' ? [`${file}\n${beginning(message)}`] : [];
  });
}

/**
 * Counts a run of jest by its report.
 *
 * @param ci whether nothing may be left out quietly: what is skipped for want of a tool, or only planned, is a failure then
 */
export function outcomeOf(counts: Report, code: number, ci: boolean): Outcome {
  const left = counts.numPendingTests + counts.numTodoTests;
  const failures = counts.numFailedTests + counts.numRuntimeErrorTestSuites + (ci ? left : 0);
  const none = counts.numPassedTests + failures === 0;
  const unexplained = failures === 0 && (code !== 0 || none) ? 1 : 0;
  return {
    passed: counts.numPassedTests,
    failed: failures + unexplained,
    skipped: ci ? 0 : left,
    notes: [
      ...(none ? ['no test was found'] : unexplained ? [`jest exited with ${code} although no test failed`] : []),
      ...causes(counts),
      ...(ci && left > 0
        ? [`${left} test cases were skipped or are still to be written, which CI=true does not allow: see 'skipped' and 'todo' above`]
        : []),
    ],
  };
}
