import type { CfnResource } from '../ground/model';

interface TemplateStatement {
  Effect?: unknown;
  Action?: unknown;
  Condition?: { Bool?: Record<string, unknown> };
}
interface Holder {
  PolicyDocument?: { Statement?: unknown };
}

/** Changes a resource's policies, on it or in it, so that the emulator decides by them as AWS would. */
export function adaptPolicies({ Properties }: CfnResource): void {
  const inline = (Array.isArray(Properties?.Policies) ? Properties.Policies : []) as Holder[];
  for (const { PolicyDocument: document } of [(Properties as Holder | undefined) ?? {}, ...inline]) {
    if (document?.Statement === undefined) continue;
    const statements = ([document.Statement].flat() as TemplateStatement[]).filter((statement) => !deniesPlainHttp(statement));
    for (const statement of statements) if (statement.Action !== undefined) statement.Action = withBatchActions([statement.Action].flat());
    document.Statement = statements;
  }
}

/** AWS judges a batch by the action of one message; the emulator has an action for it. */
function withBatchActions(actions: readonly unknown[]): unknown[] {
  return actions.flatMap((action) =>
    /^sqs:(SendMessage|DeleteMessage|ChangeMessageVisibility)$/.test(String(action)) ? [action, `${String(action)}Batch`] : [action],
  );
}

/** There is no TLS between the processes of one machine, so such a statement would deny everything. */
function deniesPlainHttp(statement: TemplateStatement): boolean {
  return statement.Effect === 'Deny' && String(statement.Condition?.Bool?.['aws:SecureTransport']) === 'false';
}
