import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SNSClient } from '@aws-sdk/client-sns';
import type { Environment } from '../../kernel/env';
import { telemetryOf, faultRecord, Telemetry } from '../../runtime/telemetry';
import { DynamoApprovals, StepFunctionsTasks } from '../aws';
import { randomText } from '../callers/oidc.aws';
import { gateEnv, gateMetrics, readRules, verifyEnv } from '../contract';
import { snsNotify } from '../page/notify.aws';
import { Notify } from '../ports';
import { ApprovalGateService } from '../service';
import { VerifyPorts } from '../verify.service';

/** A write that is sent twice is refused the second time, and whoever sent it looks again. */
const retries = { maxAttempts: 4 };

/** What every function of a gate is made of. */
export interface GateSetting {
  readonly gate: ApprovalGateService;
  readonly store: DynamoApprovals;
  readonly telemetry: Telemetry;
}

/** A gate from a function's environment. Faults go to the log with the approval's ID, and into a metric; never what they were about. */
export function gateFromEnvironment(source: Environment, service: string): GateSetting {
  const { gateName, tableName, rules } = gateEnv.read(source);
  const telemetry = telemetryOf(source, service, gateName);
  const store = new DynamoApprovals(new DynamoDBClient(retries), tableName);
  const gate = new ApprovalGateService(
    {
      store,
      tasks: new StepFunctionsTasks(new SFNClient(retries)),
      notify: notifyOf(source),
      nowMs: Date.now,
      newId: () => randomText(128),
      fault: (what, approval, thrown) => {
        telemetry.count(gateMetrics.faults);
        telemetry.record(`${what} failed`, { approval }, faultRecord(thrown));
      },
    },
    readRules(rules),
  );
  return { gate, store, telemetry };
}

/** What the function that verifies answers is made of. */
export function verifierFromEnvironment(source: Environment, service: string): VerifyPorts {
  const { gateName, tableName } = verifyEnv.read(source);
  const telemetry = telemetryOf(source, service, gateName);
  return {
    store: new DynamoApprovals(new DynamoDBClient(retries), tableName),
    nowMs: Date.now,
    forged: ({ execution }, why) => {
      telemetry.count(gateMetrics.forged);
      telemetry.record("answer not the gate's", { execution, why });
    },
  };
}

/** The page's function tells nobody anything: it has no topic. */
function notifyOf(source: Environment): Notify {
  const { baseUrl, topicArn, escalationTopicArn } = gateEnv.read(source);
  if (topicArn === undefined) return () => Promise.resolve();
  return snsNotify(new SNSClient(retries), { baseUrl, topicArn, escalationTopicArn: escalationTopicArn ?? topicArn });
}
