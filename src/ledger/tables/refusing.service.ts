import { authorityTableName, LedgerMode, TableMode } from '../contract';
import { CallOutcome, ForwardedCall } from '../homes/home.service';
import { CallContext, Ledger, Unsure } from '../model';
import { authorityTableProblem, ledgerTableProblem } from './mode.domain';

const retryAfterSeconds = 60;

/** What a function was deployed with, as its environment says it. */
export interface DeployedTables {
  readonly systemName: string;
  readonly tableName: string;
  readonly mode: string;
  readonly tableMode?: string;
  readonly authorityMode?: string;
}

/** Why a function must not work on the tables that it was deployed with; undefined when it may. Not to know is no reason to. */
export function wrongTable({ systemName, tableName, mode, tableMode, authorityMode }: DeployedTables, region: string): string | undefined {
  if (tableMode === undefined) {
    return (
      `environment variable LEDGER_TABLE_MODE is missing: the deployment reads the mode of table '${tableName}' and sets it; ` +
      `deploy the stack again`
    );
  }
  const wrong = ledgerTableProblem(mode as LedgerMode, { name: tableName, region, mode: tableMode as TableMode });
  if (wrong !== undefined || authorityMode === undefined || authorityMode === 'NOT_HERE') return wrong;
  return authorityTableProblem({ name: authorityTableName(systemName), region, mode: authorityMode as TableMode });
}

/** A ledger that does nothing: to every call it says that it cannot be sure, and to the log why. */
export class RefusingLedger implements Ledger {
  constructor(private readonly why: string) {}

  public async openAccount(context: CallContext): Promise<Unsure> {
    return this.refuse(context);
  }
  public async getAccount(context: CallContext): Promise<Unsure> {
    return this.refuse(context);
  }
  public async authorise(context: CallContext): Promise<Unsure> {
    return this.refuse(context);
  }
  public async move(context: CallContext): Promise<Unsure> {
    return this.refuse(context);
  }
  public async getPayment(context: CallContext): Promise<Unsure> {
    return this.refuse(context);
  }
  public async listTransactions(context: CallContext): Promise<Unsure> {
    return this.refuse(context);
  }

  /** What another region sends. */
  public async receive(_call: ForwardedCall, observe: CallContext['observe']): Promise<CallOutcome> {
    return this.refuse({ observe });
  }

  private refuse({ observe }: Pick<CallContext, 'observe'>): Unsure {
    observe?.('wrongTable');
    return { kind: 'unsure', code: 'region_fenced', retryAfterSeconds, cause: this.why };
  }
}
