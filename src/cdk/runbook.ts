const runbook = 'https://github.com/cdk-multi-region-payments/cdk-multi-region-payments/blob/main/docs/runbook.md';

/** Where an alarm's entry stands in the runbook. */
export function runbookLink(anchor: string): string {
  return `${runbook}#${anchor}`;
}
