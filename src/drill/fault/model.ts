/** An action of an experiment, in the words of FIS. */
export interface FaultAction {
  readonly name: string;
  readonly actionId: string;
  readonly status: string;
  readonly reason?: string;
}

/** A template of an experiment, as far as a drill goes by it. */
export interface FaultTemplate {
  readonly id: string;
  readonly actions: readonly Pick<FaultAction, 'name' | 'actionId'>[];
  readonly targets: readonly { readonly name: string; readonly resourceType: string }[];
}

/** An experiment of AWS FIS, as far as a drill goes by it and keeps it. */
export interface ExperimentRecord {
  readonly id: string;
  readonly template: string;
  /** ARN of the execution that started it; absent for one that a person started. */
  readonly run?: string;
  readonly status: string;
  readonly reason?: string;
  /** Epoch milliseconds. */
  readonly startedMs?: number;
  readonly endedMs?: number;
  /** Functions that its template names, and those that FIS has found; absent where they were not asked for. */
  readonly named?: number;
  readonly resolved?: number;
  readonly actions: readonly FaultAction[];
}
