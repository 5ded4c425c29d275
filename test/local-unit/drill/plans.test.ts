import { adaptDrills, hasDrill, plannedDrills } from '../../../local/drill/plans';
import type { CfnTemplate, FabricResource } from '../../../local/ground/model';
import { drillEnv, drillName, drillWatchdogName, proberEnv } from '../../../src/drill/contract';
import { plan } from '../../drill/world';

const functionWith = (variables: Record<string, string>): CfnTemplate['Resources'][string] => ({
  Type: 'AWS::Lambda::Function',
  Properties: { Environment: { Variables: variables } },
});

test('a prober pays through the front door and asks it for tokens, without a secret, and knows its minute; other functions stay', () => {
  const identity = JSON.stringify({ tokenUrl: 'https://login.example.com/token', secretArn: 'arn:of:secret' });
  const template: CfnTemplate = {
    Resources: {
      Prober: functionWith({ ...drillEnv.write({ plan: '{}', bucket: 'b' }), ...proberEnv.write({ identity }) }),
      Other: functionWith({ A: 'b' }),
    },
  };
  expect(hasDrill(template)).toBe(true);
  adaptDrills(template, 'http://127.0.0.1:4580', 5_000);
  const { Variables } = template.Resources.Prober.Properties!.Environment as { Variables: Record<string, string> };
  expect(proberEnv.read(Variables)).toEqual({
    identity: '{"tokenUrl":"http://127.0.0.1:4580/_local/client-token"}',
    door: 'http://127.0.0.1:4580',
  });
  expect(drillEnv.read(Variables).minuteMs).toBe('5000');
  expect(template.Resources.Other).toEqual(functionWith({ A: 'b' }));
  expect(hasDrill({ Resources: { Other: template.Resources.Other } })).toBe(false);
});

test('a drill is known by what its watchdog is told, where its machine is deployed', () => {
  const watchdog = {
    stack: 'one',
    region: 'us-west-2',
    logicalId: 'Watchdog',
    type: 'AWS::Lambda::Function',
    properties: {
      FunctionName: drillWatchdogName(plan.systemName, plan.drilled),
      Environment: { Variables: drillEnv.write({ plan: JSON.stringify(plan), bucket: 'evidence' }) },
    },
  } as unknown as FabricResource;
  const machine = { name: drillName(plan.systemName, plan.drilled), region: 'us-west-2', arn: 'arn:of:machine', definition: {} };
  expect(plannedDrills([watchdog], { machines: [machine] } as never)).toMatchObject([{ plan, bucket: 'evidence', machine }]);
  expect(plannedDrills([watchdog], { machines: [{ ...machine, region: 'us-east-1' }] } as never)).toEqual([]);
});
