import { LedgerMode, TableMode } from '../contract';
import { aloneProblem, AskedTable, authorityTableProblem, DescribedTable, ledgerTableProblem } from './mode.domain';
import { causeOf } from '../../kernel/cause';
import { CloudFormationEvent, responseProblem, ResponsePlace, synthesisedProperty } from '../../kernel/custom-resource';

/** What a stack was made for. */
export interface ProvenTables {
  readonly ledger: { readonly name: string; readonly mode: LedgerMode };
  /** Name of the table of homes, where this region has a replica of it. */
  readonly authority?: string;
}

/** What came of it: the modes are for the functions, which refuse to work where they are wrong. */
export interface ProofResult {
  readonly failure?: string;
  /** What is wrong without being a reason to fail. */
  readonly notice?: string;
  readonly data: { readonly TableMode: TableMode; readonly AuthorityMode: TableMode | 'NOT_HERE' };
}

export interface TableProofPorts {
  /** Of a table in the place's region. Throws when DynamoDB does not say. */
  readonly ask: (tableName: string) => Promise<AskedTable>;
  readonly answer: (event: CloudFormationEvent, result: Partial<ProofResult>) => Promise<void>;
}

/**
 * Proves to CloudFormation, before anything is deployed that works on them, that the tables are there and as this stack takes them to be.
 * It only reads.
 */
export class TableProof {
  constructor(
    private readonly ports: TableProofPorts,
    private readonly tables: ProvenTables,
    private readonly place: ResponsePlace,
  ) {}

  public async handle(event: CloudFormationEvent): Promise<Partial<ProofResult>> {
    const elsewhere = responseProblem(event?.ResponseURL, this.place.region, this.place.endpoint);
    if (elsewhere) return { failure: `refused: ${elsewhere}` };
    const result =
      event.RequestType === 'Delete'
        ? {}
        : await this.prove(event).catch((error: unknown) => ({ failure: `DynamoDB did not say what the tables are: ${causeOf(error)}` }));
    await this.ports.answer(event, result);
    return result;
  }

  private async prove(event: CloudFormationEvent): Promise<ProofResult> {
    const { ledger, authority } = this.tables;
    const [table, homes] = await Promise.all([
      this.described(ledger.name),
      authority === undefined ? undefined : this.described(authority),
    ]);
    const data = { TableMode: table.mode, AuthorityMode: homes?.mode ?? 'NOT_HERE' } as const;
    const failure = ledgerTableProblem(ledger.mode, table) ?? (homes && authorityTableProblem(homes));
    // What CloudFormation takes back was there before. To fail once more would only leave the stack stuck: the functions refuse to work.
    if (failure !== undefined) return isTakenBack(event) ? { data } : { failure, data };
    const alone = aloneProblem(table);
    if (alone === undefined) return { data };
    // A region that was away for long loses its replica, and the one that is left must still be deployed to.
    return event.RequestType === 'Create' ? { failure: alone, data } : { notice: alone, data };
  }

  private async described(name: string): Promise<DescribedTable> {
    return { name, region: this.place.region, ...(await this.ports.ask(name)) };
  }
}

/** Whether an update leads to a template that was synthesised before the present one. ISO 8601 is in the order of time. */
function isTakenBack({ ResourceProperties, OldResourceProperties }: CloudFormationEvent): boolean {
  const [to, from] = [ResourceProperties, OldResourceProperties].map((properties) => properties?.[synthesisedProperty]);
  return to !== undefined && from !== undefined && to < from;
}
