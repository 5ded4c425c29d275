import { recordPorts, refusalRecorder } from './environment.aws';
import { CloudFormationEvent } from '../../kernel/custom-resource';
import { RegionAddress, regionAddressName } from '../../kernel/system-names';
import { clock } from '../../runtime/clock';
import { parameterOf } from '../audit/aws';
import { RecordsProperties, anchorOf, cutoverEnv, recordsEnv } from '../contract';
import { isExecutionRunning } from '../machine/caller.aws';
import { resourceStatus, respond, stackStatus } from '../weights/weighted-records.aws';
import { RecordsResult, WeightedRecordsKeeper, WeightedRecordsResource } from '../weights/weighted-records.service';

const { systemName, auditRegion, formerAuditEnd } = cutoverEnv.read(process.env);
const { stackId, logicalId, properties } = recordsEnv.read(process.env);
const keeper = new WeightedRecordsKeeper({
  ...recordPorts(process.env),
  ...(formerAuditEnd ? { formerAuditEnd: anchorOf(formerAuditEnd) } : {}),
  isRunning: (run) => isExecutionRunning(auditRegion, run),
  addressOf: async (region) => {
    const text = await parameterOf(region, regionAddressName(systemName));
    return text === undefined ? undefined : (JSON.parse(text) as RegionAddress);
  },
});
const resource = new WeightedRecordsResource(
  {
    keeper,
    respond,
    stackStatus: (stack) => stackStatus(auditRegion, stack),
    resourceStatus: (stack, resourceId) => resourceStatus(auditRegion, stack, resourceId),
    sleep: clock.sleep,
    refused: refusalRecorder(process.env, 'weighted-records'),
  },
  { stackId, logicalId, properties: JSON.parse(properties) as RecordsProperties },
  { region: auditRegion, endpoint: process.env.AWS_ENDPOINT_URL },
);

/** Time kept back from the invocation's end to answer in. */
const reserveMs = 20_000;

/** Makes and keeps the public name's records for CloudFormation, which waits for an answer at an address of its own. */
export async function handler(event: CloudFormationEvent, invocation: { getRemainingTimeInMillis(): number }): Promise<RecordsResult> {
  return resource.handle(event, Date.now() + invocation.getRemainingTimeInMillis() - reserveMs);
}
