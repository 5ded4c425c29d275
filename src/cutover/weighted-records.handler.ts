import { parameterOf } from './audit.aws';
import { recordPorts } from './cutover.aws';
import { RegionAddress, anchorOf, cutoverEnv, regionAddressName } from './cutover.contract';
import { CloudFormationEvent, recordsRequestOf, respond } from './weighted-records.aws';
import { RecordsResult, WeightedRecordsKeeper } from './weighted-records.service';

const { systemName, formerAuditEnd } = cutoverEnv.read(process.env);
const keeper = new WeightedRecordsKeeper({
  ...recordPorts(process.env),
  ...(formerAuditEnd ? { formerAuditEnd: anchorOf(formerAuditEnd) } : {}),
  addressOf: async (region) => {
    const text = await parameterOf(region, regionAddressName(systemName));
    return text === undefined ? undefined : JSON.parse(text) as RegionAddress;
  },
});

/** Time kept back from the invocation's end to answer in. */
const reserveMs = 20_000;

/** Makes and keeps the public name's records for CloudFormation, which waits for an answer at an address of its own. */
export async function handler(event: CloudFormationEvent, invocation: { getRemainingTimeInMillis(): number }): Promise<RecordsResult> {
  let result: RecordsResult;
  try {
    result = await keeper.carryOut(recordsRequestOf(event), Date.now() + invocation.getRemainingTimeInMillis() - reserveMs);
  } catch (error) {
    result = { kind: 'failed', reason: error instanceof Error ? error.message : String(error) };
  }
  await respond(event, result);
  return result;
}
