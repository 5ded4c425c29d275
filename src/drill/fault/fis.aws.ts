import { faultTags } from './contract';
import { isOver } from './domain';
import { ExperimentRecord, FaultTemplate } from './model';
import { onwards } from '../../kernel/pages';
import { CallRefused, signedCall } from '../../runtime/signed-call';
import { DrillPlan } from '../contract';
import { RegionFaults } from '../ports';

type Tags = Readonly<Record<string, string>>;

interface State {
  readonly status: string;
  readonly reason?: string;
}

/** What FIS tells of an experiment; a list has less of it. */
interface Experiment {
  readonly id: string;
  readonly experimentTemplateId: string;
  readonly state: State;
  readonly creationTime?: number;
  readonly startTime?: number;
  readonly endTime?: number;
  readonly tags?: Tags;
  readonly targets?: Readonly<Record<string, { readonly resourceArns?: readonly string[] }>>;
  readonly actions?: Readonly<Record<string, { readonly actionId: string; readonly state?: State }>>;
}

interface StoredTemplate {
  readonly id: string;
  readonly targets?: Readonly<Record<string, { readonly resourceType?: string }>>;
  readonly actions?: Readonly<Record<string, { readonly actionId: string }>>;
}

type ListField = 'experimentTemplates' | 'experiments' | 'resolvedTargets';

type Page<T> = { readonly nextToken?: string } & { readonly [field in ListField]?: readonly T[] };

/** Statuses before the targets of an experiment are known. */
const unresolved = ['pending', 'initiating'];
/** What FIS answers where it does not know them: https://docs.aws.amazon.com/fis/latest/userguide/list-experiment-resolved-targets.html */
const untold = ['ValidationException', 'ResourceNotFoundException'];

/** Experiments of AWS FIS in the drilled region, and a look at those of the others. */
export class FisFaults implements RegionFaults {
  constructor(private readonly plan: Pick<DrillPlan, 'systemName' | 'drilled' | 'regions'>) {}

  public async templates(): Promise<string[]> {
    return this.templatesIn(this.plan.drilled);
  }

  public async template(id: string): Promise<FaultTemplate> {
    const path = `/experimentTemplates/${encodeURIComponent(id)}`;
    const { experimentTemplate } = await this.ask<{ experimentTemplate: StoredTemplate }>(this.plan.drilled, 'GET', path);
    const { actions = {}, targets = {} } = experimentTemplate;
    return {
      id,
      actions: Object.entries(actions).map(([name, { actionId }]) => ({ name, actionId })),
      targets: Object.entries(targets).map(([name, { resourceType = 'no kind' }]) => ({ name, resourceType })),
    };
  }

  /** Each account has one in each region, by this name: https://docs.aws.amazon.com/fis/latest/userguide/safety-lever.html */
  public async engaged(): Promise<string | undefined> {
    const { safetyLever } = await this.ask<{ safetyLever: { readonly state: State } }>(this.plan.drilled, 'GET', '/safetyLevers/default');
    const { status, reason } = safetyLever.state;
    return status === 'disengaged' ? undefined : `${status}${reason ? `: ${reason.slice(0, 200)}` : ''}`;
  }

  public async begin(run: string): Promise<ExperimentRecord | string> {
    const { systemName, drilled } = this.plan;
    const templates = await this.templates();
    if (templates.length === 0) return `there is no experiment template of ${systemName} in ${drilled}: deploy a RegionFault there`;
    if (templates.length > 1) {
      return `there are ${templates.length} experiment templates of ${systemName} in ${drilled} (${templates.join(', ')}): keep one`;
    }
    try {
      const { experiment } = await this.ask<{ experiment: Experiment }>(drilled, 'POST', '/experiments', {
        body: {
          // The same one for the same run, however often it is asked for.
          clientToken: run,
          experimentTemplateId: templates[0],
          tags: { [faultTags.system]: systemName, [faultTags.region]: drilled, [faultTags.run]: run },
        },
      });
      return recordOf(experiment);
    } catch (error) {
      if (error instanceof CallRefused) return `the experiment was not started: ${error.message}`;
      throw error;
    }
  }

  public async look(id: string): Promise<ExperimentRecord> {
    const record = recordOf(await this.experiment(id));
    const resolved = unresolved.includes(record.status) ? undefined : await this.resolvedOf(id);
    return { ...record, ...(resolved === undefined ? {} : { resolved }) };
  }

  public async running(): Promise<ExperimentRecord[]> {
    const { systemName, drilled } = this.plan;
    return (await this.goingOn(drilled)).filter(({ tags }) => isOf(tags, systemName, drilled)).map(recordOf);
  }

  public async runningBeside(run: string): Promise<string | undefined> {
    const { regions } = this.plan;
    const beside = await Promise.all(regions.map((region) => this.isBeside(run, region)));
    return regions.find((_, at) => beside[at]);
  }

  public async stop(id: string): Promise<void> {
    try {
      await this.ask(this.plan.drilled, 'DELETE', pathOf(id));
    } catch (error) {
      if (!(error instanceof CallRefused)) throw error;
      const { state } = await this.experiment(id);
      if (!isOver(state) && state.status !== 'stopping') throw error;
    }
  }

  private async experiment(id: string): Promise<Experiment> {
    const { experiment } = await this.ask<{ experiment: Experiment }>(this.plan.drilled, 'GET', pathOf(id));
    return experiment;
  }

  /** FIS tells them after the resolution of targets has ended, and of an experiment without one never. */
  private async resolvedOf(id: string): Promise<number | undefined> {
    try {
      return (await this.listed(this.plan.drilled, `${pathOf(id)}/resolvedTargets`, 'resolvedTargets')).length;
    } catch (error) {
      if (error instanceof CallRefused && untold.includes(error.code)) return undefined;
      throw error;
    }
  }

  private async templatesIn(region: string): Promise<string[]> {
    const all = await this.listed<{ readonly id: string; readonly tags?: Tags }>(region, '/experimentTemplates', 'experimentTemplates');
    return all.filter(({ tags }) => isOf(tags, this.plan.systemName, region)).map(({ id }) => id);
  }

  /** Of whichever system and template. */
  private async goingOn(region: string): Promise<Experiment[]> {
    const all = await this.listed<Experiment>(region, '/experiments', 'experiments');
    return all.filter(({ state }) => !isOver(state));
  }

  /** One that a person has started has no tags of its template: it is known by the template alone. */
  private async isBeside(run: string, region: string): Promise<boolean> {
    const running = await this.goingOn(region);
    const others = running.filter(({ tags }) => tags?.[faultTags.run] !== run);
    if (others.length === 0) return false;
    const templates = await this.templatesIn(region);
    return others.some(
      ({ tags, experimentTemplateId }) => isOf(tags, this.plan.systemName, region) || templates.includes(experimentTemplateId),
    );
  }

  private async listed<T = object>(region: string, path: string, field: ListField): Promise<T[]> {
    const all: T[] = [];
    const next = onwards<string>(`${field} of FIS in ${region}`);
    let from: string | undefined;
    do {
      const page: Page<T> = await this.ask<Page<T>>(region, 'GET', path, {
        query: { maxResults: '100', ...(from === undefined ? {} : { nextToken: from }) },
      });
      all.push(...(page[field] ?? []));
      from = next(page.nextToken);
    } while (from !== undefined);
    return all;
  }

  private async ask<T>(
    region: string,
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    { query, body }: { readonly query?: Readonly<Record<string, string>>; readonly body?: object } = {},
  ): Promise<T> {
    const text = await signedCall({
      service: 'fis',
      region,
      method,
      path,
      query,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    return JSON.parse(text || '{}') as T;
  }
}

const pathOf = (id: string): string => `/experiments/${encodeURIComponent(id)}`;

function isOf(tags: Tags = {}, systemName: string, region: string): boolean {
  return tags[faultTags.system] === systemName && tags[faultTags.region] === region;
}

function recordOf({ id, experimentTemplateId: template, state, tags, actions = {}, targets, ...times }: Experiment): ExperimentRecord {
  const { startTime = times.creationTime, endTime } = times;
  const run = tags?.[faultTags.run];
  return {
    id,
    template,
    ...(run === undefined ? {} : { run }),
    status: state.status,
    ...(state.reason === undefined ? {} : { reason: state.reason.slice(0, 500) }),
    ...(startTime === undefined ? {} : { startedMs: Math.round(startTime * 1000) }),
    ...(endTime === undefined ? {} : { endedMs: Math.round(endTime * 1000) }),
    ...(targets ? { named: Object.values(targets).reduce((sum, { resourceArns = [] }) => sum + resourceArns.length, 0) } : {}),
    actions: Object.entries(actions).map(([name, { actionId, state: of }]) => ({
      name,
      actionId,
      status: of?.status ?? 'pending',
      ...(of?.reason === undefined ? {} : { reason: of.reason.slice(0, 500) }),
    })),
  };
}
