import { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import { DrillPlan } from '../contract';
import { faultTags } from '../fault/contract';

/** Rights of a drill's functions to experiments in the drilled region, by their tags. Lists know no resource. */
export class FaultRights {
  /** @param arnOf the ARN of something in the account, of a service and a region */
  constructor(
    private readonly plan: Pick<DrillPlan, 'systemName' | 'drilled'>,
    private readonly arnOf: (service: string, region: string, resource: string) => string,
  ) {}

  /** To find the template, and to see what becomes of an experiment. */
  public look(grantee: IGrantable): void {
    this.allow(grantee, ['fis:ListExperimentTemplates'], ['*']);
    this.allow(grantee, ['fis:GetExperimentTemplate'], [this.arn('experiment-template/*')], 'ResourceTag');
    // It has no tags. There is one in each region.
    this.allow(grantee, ['fis:GetSafetyLever'], [this.arn('safety-lever/*')]);
    this.allow(grantee, ['fis:GetExperiment', 'fis:ListExperimentResolvedTargets'], [this.arn('experiment/*')], 'ResourceTag');
  }

  /** To start one from the template of the region, tagged as the drill's. */
  public start(grantee: IGrantable): void {
    this.allow(grantee, ['fis:ListExperimentTemplates'], ['*']);
    this.allow(grantee, ['fis:StartExperiment'], [this.arn('experiment-template/*')], 'ResourceTag');
    this.allow(grantee, ['fis:StartExperiment', 'fis:TagResource'], [this.arn('experiment/*')], 'RequestTag', {
      // IAM cannot tell a new experiment from one that is there: that one gets no tag but a drill's.
      'ForAllValues:StringEquals': { 'aws:TagKeys': Object.values(faultTags) },
    });
    // FIS makes its role at an account's first experiment, in the name of who starts it.
    Grant.addToPrincipal({
      grantee,
      actions: ['iam:CreateServiceLinkedRole'],
      resourceArns: [this.arnOf('iam', '', 'role/aws-service-role/fis.amazonaws.com/AWSServiceRoleForFIS')],
      conditions: { StringEquals: { 'iam:AWSServiceName': 'fis.amazonaws.com' } },
    });
  }

  /** To end those of drills. */
  public stop(grantee: IGrantable): void {
    this.allow(grantee, ['fis:ListExperiments'], ['*']);
    this.allow(grantee, ['fis:GetExperiment', 'fis:StopExperiment'], [this.arn('experiment/*')], 'ResourceTag');
  }

  private arn(resource: string): string {
    return this.arnOf('fis', this.plan.drilled, resource);
  }

  private allow(
    grantee: IGrantable,
    actions: string[],
    resourceArns: string[],
    by?: 'ResourceTag' | 'RequestTag',
    more: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {},
  ): void {
    const { systemName, drilled } = this.plan;
    const tags = by && { [`aws:${by}/${faultTags.system}`]: systemName, [`aws:${by}/${faultTags.region}`]: drilled };
    Grant.addToPrincipal({ grantee, actions, resourceArns, ...(tags ? { conditions: { StringEquals: tags, ...more } } : {}) });
  }
}
