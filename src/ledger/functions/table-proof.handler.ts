import { CloudFormationEvent } from '../../kernel/custom-resource';
import { regionOf } from '../../kernel/env';
import { answerCloudFormation } from '../../runtime/custom-resource';
import { proofEnv } from '../contract';
import { tableModes } from '../tables/proof.aws';
import { ProofResult, ProvenTables, TableProof } from '../tables/proof.service';

const proof = new TableProof(
  {
    ask: tableModes(regionOf(process.env)),
    answer: (event, result) => answerCloudFormation(event, { ...result, physicalResourceId: `ledger-tables-${event.LogicalResourceId}` }),
  },
  JSON.parse(proofEnv.read(process.env).tables) as ProvenTables,
  { region: regionOf(process.env), endpoint: process.env.AWS_ENDPOINT_URL },
);

/** Proves the tables to CloudFormation at each deployment. */
export async function handler(event: CloudFormationEvent): Promise<Partial<ProofResult>> {
  return proof.handle(event);
}
