/** The example, but in its first region no function may update an item. */
import { App } from 'aws-cdk-lib';
import { CfnPolicy, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { config } from '../../../../examples/active-active/config';
import { defineSystem } from '../../../../examples/active-active/stacks';

const taken = 'dynamodb:UpdateItem';

function withoutUpdates(document: PolicyDocument): PolicyDocument {
  const { Statement } = document.toJSON() as { Statement: { Action: string | string[] }[] };
  return new PolicyDocument({
    statements: Statement.map((statement) => ({ ...statement, Action: [statement.Action].flat().filter((action) => action !== taken) }))
      // A statement without an action is none.
      .filter(({ Action }) => Action.length > 0)
      .map((statement) => PolicyStatement.fromJson(statement)),
  });
}

const app = new App();
defineSystem(app, config);
for (const node of app.node.findChild(`${config.systemName}-${config.regions.replicas[0]}`).node.findAll()) {
  if (node instanceof CfnPolicy) node.policyDocument = withoutUpdates(node.policyDocument as PolicyDocument);
}
app.synth();
