import { randomUUID } from 'node:crypto';
import { Experiment, experimentTemplate, type ExperimentPorts, type ExperimentTemplate } from './experiment';
import type { FabricResource } from '../ground/model';
import type { ConditionContext } from '../iam/conditions';
import { jsonInput, type FabricService, type ServiceAnswer, type ServiceCall, type ServiceRouting } from '../services/services';

type Tags = Readonly<Record<string, string>>;

const templatePath = /^\/experimentTemplates\/([^/]+)$/;
const experimentPath = /^\/experiments\/([^/]+)(\/resolvedTargets)?$/;
/** How often experiments go on that nobody looks at. */
const lookMs = 500;

/** AWS FIS, as far as a region drill asks for it: templates are the app's, and experiments make its functions fail. */
export class FisApi implements FabricService {
  private templates: readonly ExperimentTemplate[] = [];
  private readonly byToken = new Map<string, Experiment>();
  private isSkipping = false;
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly ports: Omit<ExperimentPorts, 'isSkipping' | 'nowMs'>,
    private readonly accountId: string,
    private readonly log: (line: string) => void,
  ) {}

  public useTemplates(resources: readonly FabricResource[]): void {
    this.templates = resources
      .filter(({ type, physicalId }) => type === 'AWS::FIS::ExperimentTemplate' && physicalId !== undefined)
      .map(({ physicalId, region, properties }) => experimentTemplate(physicalId!, region, properties));
    if (this.templates.length > 0) this.timer ??= setInterval(() => void this.goOn(), lookMs);
  }

  /** Whether the actions of experiments are skipped from now on. */
  public skip(isSkipping: boolean): void {
    this.isSkipping = isSkipping;
  }

  public close(): void {
    clearInterval(this.timer);
  }

  public route(call: ServiceCall): ServiceRouting | undefined {
    const { method, region } = call;
    const { pathname } = new URL(call.path, 'http://fis');
    const [, id, list] = experimentPath.exec(pathname) ?? [];
    if (id !== undefined) return this.ofExperiment(call, decodeURIComponent(id), list !== undefined);
    if (method === 'POST' && pathname === '/experiments') return this.start(call);
    const [, template] = templatePath.exec(pathname) ?? [];
    if (method === 'GET' && template !== undefined) return this.ofTemplate(call, decodeURIComponent(template));
    if (method === 'GET' && pathname === '/safetyLevers/default') return this.lever(region);
    if (method !== 'GET' || !['/experiments', '/experimentTemplates'].includes(pathname)) return undefined;
    const isTemplates = pathname === '/experimentTemplates';
    return {
      region,
      needs: [{ action: isTemplates ? 'fis:ListExperimentTemplates' : 'fis:ListExperiments', resource: '*' }],
      answer: () =>
        isTemplates
          ? answer({
              experimentTemplates: this.templates.filter((one) => one.region === region).map(({ id: of, tags }) => ({ id: of, tags })),
            })
          : answer({ experiments: this.inRegion(region).map(summary) }),
    };
  }

  private ofTemplate({ region }: ServiceCall, id: string): ServiceRouting {
    const template = this.templates.find((one) => one.id === id && one.region === region);
    const resource = this.arn(region, `experiment-template/${id}`);
    return {
      region,
      needs: [{ action: 'fis:GetExperimentTemplate', resource, context: tagged('ResourceTag', template?.tags ?? {}) }],
      answer: () =>
        template
          ? answer({ experimentTemplate: described(template) })
          : refused(404, 'ResourceNotFoundException', `there is no template ${id}`),
    };
  }

  /** It is disengaged: a local run has no person who forbids experiments. */
  private lever(region: string): ServiceRouting {
    const arn = this.arn(region, 'safety-lever/default');
    return {
      region,
      needs: [{ action: 'fis:GetSafetyLever', resource: arn }],
      answer: () => answer({ safetyLever: { id: 'default', arn, state: { status: 'disengaged', reason: '' } } }),
    };
  }

  private start({ region, body }: ServiceCall): ServiceRouting {
    const { clientToken, experimentTemplateId, tags = {} } = jsonInput(body);
    const template = this.templates.find((one) => one.id === experimentTemplateId && one.region === region);
    const resource = this.arn(region, 'experiment/*');
    return {
      region,
      needs: [
        {
          action: 'fis:StartExperiment',
          resource: this.arn(region, `experiment-template/${String(experimentTemplateId)}`),
          context: tagged('ResourceTag', template?.tags ?? {}),
        },
        { action: 'fis:StartExperiment', resource, context: tagged('RequestTag', tags as Tags) },
        { action: 'fis:TagResource', resource, context: tagged('RequestTag', tags as Tags) },
      ],
      answer: () => {
        if (!template) return refused(404, 'ResourceNotFoundException', `there is no template ${String(experimentTemplateId)}`);
        if (typeof clientToken !== 'string' || clientToken === '') return refused(400, 'ValidationException', 'clientToken is missing');
        const known = this.byToken.get(`${region} ${clientToken}`);
        if (known) return answer({ experiment: whole(known) });
        const experiment = new Experiment(`EXP${randomUUID().slice(0, 13).replace('-', '')}`, template, tags as Tags, {
          ...this.ports,
          isSkipping: () => this.isSkipping,
          nowMs: Date.now,
        });
        this.byToken.set(`${region} ${clientToken}`, experiment);
        return answer({ experiment: whole(experiment) });
      },
    };
  }

  private ofExperiment({ region, method }: ServiceCall, id: string, isTargets: boolean): ServiceRouting | undefined {
    const action = isTargets ? 'fis:ListExperimentResolvedTargets' : method === 'DELETE' ? 'fis:StopExperiment' : 'fis:GetExperiment';
    if (method !== 'GET' && (method !== 'DELETE' || isTargets)) return undefined;
    const experiment = this.inRegion(region).find((one) => one.id === id);
    return {
      region,
      needs: [{ action, resource: this.arn(region, `experiment/${id}`), context: tagged('ResourceTag', experiment?.tags ?? {}) }],
      answer: async () => {
        if (!experiment) return refused(404, 'ResourceNotFoundException', `there is no experiment ${id}`);
        if (isTargets) return targetsOf(experiment);
        if (method === 'DELETE') {
          if (experiment.isOver) return refused(409, 'ConflictException', `the experiment ${id} is over`);
          await experiment.end('stopped', 'Experiment was stopped by the user.');
        }
        return answer({ experiment: whole(experiment) });
      },
    };
  }

  private inRegion(region: string): Experiment[] {
    return [...this.byToken.values()].filter(({ template }) => template.region === region);
  }

  /** Does what is due in each experiment. */
  public async goOn(): Promise<void> {
    for (const experiment of this.byToken.values()) {
      await experiment.goOn().catch((error: unknown) => this.log(`the experiment ${experiment.id} does not go on: ${String(error)}`));
    }
  }

  private arn(region: string, resource: string): string {
    return `arn:aws:fis:${region}:${this.accountId}:${resource}`;
  }
}

function tagged(by: 'ResourceTag' | 'RequestTag', tags: Tags): ConditionContext {
  const each = Object.entries(tags).map(([key, value]): [string, string[]] => [`aws:${by}/${key}`.toLowerCase(), [value]]);
  return { ...Object.fromEntries(each), ...(by === 'RequestTag' ? { 'aws:tagkeys': Object.keys(tags) } : {}) };
}

function described({ id, roleArn, tags, targets, kinds, actions }: ExperimentTemplate): object {
  return {
    id,
    roleArn,
    tags,
    targets: Object.fromEntries(Object.entries(targets).map(([name, resourceArns]) => [name, { resourceType: kinds[name], resourceArns }])),
    actions: Object.fromEntries(Object.entries(actions).map(([name, { actionId }]) => [name, { actionId }])),
  };
}

function summary({ id, template, status, reason, createdMs, tags }: Experiment): object {
  return { id, experimentTemplateId: template.id, state: { status, reason }, creationTime: createdMs / 1000, tags };
}

function whole(experiment: Experiment): object {
  const { template, actions, createdMs, endedMs } = experiment;
  return {
    ...summary(experiment),
    roleArn: template.roleArn,
    startTime: createdMs / 1000,
    ...(endedMs === undefined ? {} : { endTime: endedMs / 1000 }),
    targets: Object.fromEntries(Object.entries(template.targets).map(([name, resourceArns]) => [name, { resourceArns }])),
    actions: Object.fromEntries(
      Object.entries(actions).map(([name, { template: of, status, reason }]) => [
        name,
        { actionId: of.actionId, state: { status, reason } },
      ]),
    ),
  };
}

/** As AWS, it does not tell them before they are resolved. */
function targetsOf({ id, resolved }: Experiment): ServiceAnswer {
  if (resolved === undefined) return refused(400, 'ValidationException', `the targets of ${id} are not resolved`);
  return answer({ resolvedTargets: resolved.map((arn) => ({ targetInformation: { arn } })) });
}

function answer(content: object): ServiceAnswer {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(content)) };
}

function refused(status: number, code: string, message: string): ServiceAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json', 'x-amzn-errortype': code },
    body: Buffer.from(JSON.stringify({ message })),
  };
}
