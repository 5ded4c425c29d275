import type { Figures } from './figures';
import type { ScenarioSetting } from '../../src/scenario/model';
import type { Client } from '../callers/client';

/** What the parts of the scenario share, and what a local run has besides. */
export interface Setting extends ScenarioSetting {
  readonly client: Client;
  readonly figures: Figures;
  /** Set where each account has a home region that writes for it; asks something of an operator's function. */
  readonly operate?: (region: string, event: object) => Promise<any>;
  /** Time until callers are away from a lost region, as the app's own output has it; none: what the records say. */
  readonly recoveryBudget?: (region: string) => string | undefined;
}
