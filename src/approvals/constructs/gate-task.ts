import { Duration, Token } from 'aws-cdk-lib';
import { IFunction } from 'aws-cdk-lib/aws-lambda';
import {
  INextable,
  IntegrationPattern,
  JsonPath,
  Pass,
  State,
  StateMachineFragment,
  TaskInput,
  Timeout,
} from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { Construct } from 'constructs';
import { PropProblem, invalidProps } from '../../cdk/checks/invalid-props';
import { checkLiterals } from '../../cdk/checks/literals';
import { lambdaServiceFaults } from '../../cdk/lambda-retry';
import { gateLimits } from '../contract';

/** What a state machine asks at one point. Texts may hold a path, as `JsonPath.stringAt('$.x')` or `JsonPath.format(...)`. */
export interface ApprovalTaskProps {
  /** What it is about, at most 100 characters; it becomes the message's subject. */
  readonly subject: string;

  /** What is asked, at most 2,000 characters. */
  readonly question: string;

  /**
   * Names and values to show beside the question, and in the message.
   *
   * @default - none
   */
  readonly details?: { [name: string]: string };

  /**
   * Path of what a check before this found, such as `$.prechecks`, of any form: the page draws it by its shape. A list of checks, or an
   * object with one as `checks`, each `{name, passed, value?, allowed?, mend?}`, is a table with the failing ones first, in the message
   * too.
   *
   * @default - none
   */
  readonly reportPath?: string;

  /**
   * Path of who started the execution, such as `$.startedBy`: a token's subject, an e-mail address or an ARN. Step Functions does not know
   * it, so whatever starts the execution must write it, and nobody else be able to start one. Needed unless the gate has `excludeStarter:
   * false`.
   *
   * @default - none
   */
  readonly startedByPath?: string;

  /**
   * How many different people must approve.
   *
   * @default - the gate's
   */
  readonly requiredApprovals?: number;

  /**
   * How long people have, from 30 seconds to 364 days.
   *
   * @default - the gate's
   */
  readonly expiry?: Duration;

  /**
   * Where in the state's output the result stands, a path such as `$.approval`: `{approvalId, decision: "APPROVED" or "REJECTED", reason,
   * by, at, comments}`. The rest of the input passes through.
   *
   * @default '$.approval'
   */
  readonly resultPath?: string;
}

/** @internal What a task needs of its gate. */
export interface ApprovalTaskHost {
  readonly function: IFunction;
  /** Tells what an approval came to. */
  readonly verify: IFunction;
  readonly expiry: Duration;
  readonly heartbeatTimeout: Duration;
  readonly excludeStarter: boolean;
}

/** What Step Functions adds to the time that people have: until the sweep has told it that time is over. */
const grace = Duration.minutes(15);

/**
 * Waits for an approval. It always comes to an end with a result and never fails: when the gate cannot be asked, or falls silent, the
 * result is a rejection with reason `UNANSWERED`. Made by `ApprovalGate.task`.
 */
export class ApprovalTask extends StateMachineFragment {
  public readonly startState: State;
  public readonly endStates: INextable[];
  /** Where the result stands. */
  public readonly resultPath: string;

  /** @internal */
  public static _of(scope: Construct, id: string, props: ApprovalTaskProps, host: ApprovalTaskHost): ApprovalTask {
    return new ApprovalTask(scope, id, props, host);
  }

  private constructor(scope: Construct, id: string, props: ApprovalTaskProps, host: ApprovalTaskHost) {
    super(scope, id);
    checkLiterals(this, props, { texts: ['reportPath', 'startedByPath', 'resultPath'] });
    const problem = taskProblem(props, host);
    if (problem) throw invalidProps(this, problem);
    this.resultPath = props.resultPath ?? '$.approval';
    const question = this.defineQuestion(id, props);
    const ask = this.defineAsk(id, props, host);
    const verify = this.defineVerify(id, props, host);
    // Outcomes are values: a gate that is broken rejects, like one where nobody answers.
    const unanswered = new Pass(this, 'Unanswered', {
      stateName: `${id}: unanswered`,
      parameters: {
        approvalId: '',
        decision: 'REJECTED',
        reason: 'UNANSWERED',
        by: [],
        at: JsonPath.stateEnteredTime,
        comments: [],
        error: JsonPath.stringAt(`${this.resultPath}.Error`),
      },
      resultPath: this.resultPath,
    });
    for (const task of [ask, verify]) task.addCatch(unanswered, { errors: ['States.ALL'], resultPath: this.resultPath });
    question.next(ask).next(verify);
    this.startState = question;
    this.endStates = [verify, unanswered];
  }

  /** What is asked, made once: by it the gate is asked, and by it the answer is verified. */
  private defineQuestion(id: string, props: ApprovalTaskProps): Pass {
    return new Pass(this, 'Question', {
      stateName: `${id}: question`,
      parameters: {
        question: {
          execution: JsonPath.executionId,
          asked: JsonPath.stateEnteredTime,
          subject: props.subject,
          question: props.question,
          details: props.details ?? {},
          ...(props.startedByPath === undefined ? {} : { startedBy: JsonPath.stringAt(props.startedByPath) }),
          ...(props.requiredApprovals === undefined ? {} : { required: props.requiredApprovals }),
          ...(props.expiry === undefined ? {} : { expirySeconds: props.expiry.toSeconds() }),
        },
      },
      resultPath: this.resultPath,
    });
  }

  /** The question with its report, which may be long and is not copied into the execution's data. */
  private asked(props: ApprovalTaskProps): Record<string, unknown> {
    const at = (name: string): string => `${this.resultPath}.question.${name}`;
    return {
      execution: JsonPath.stringAt(at('execution')),
      asked: JsonPath.stringAt(at('asked')),
      subject: JsonPath.stringAt(at('subject')),
      question: JsonPath.stringAt(at('question')),
      details: JsonPath.objectAt(at('details')),
      ...(props.reportPath === undefined ? {} : { report: JsonPath.objectAt(props.reportPath) }),
      ...(props.startedByPath === undefined ? {} : { startedBy: JsonPath.stringAt(at('startedBy')) }),
      ...(props.requiredApprovals === undefined ? {} : { required: JsonPath.numberAt(at('required')) }),
      ...(props.expiry === undefined ? {} : { expirySeconds: JsonPath.numberAt(at('expirySeconds')) }),
    };
  }

  private defineAsk(id: string, props: ApprovalTaskProps, host: ApprovalTaskHost): LambdaInvoke {
    const expiry = props.expiry ?? host.expiry;
    const ask = new LambdaInvoke(this, 'Ask', {
      stateName: id,
      comment: "Waits for a person's decision",
      lambdaFunction: host.function,
      integrationPattern: IntegrationPattern.WAIT_FOR_TASK_TOKEN,
      payload: TaskInput.fromObject({ token: JsonPath.taskToken, state: JsonPath.stateName, ...this.asked(props) }),
      taskTimeout: Timeout.duration(expiry.plus(grace)),
      heartbeatTimeout: Timeout.duration(
        Duration.seconds(Math.min(host.heartbeatTimeout.toSeconds(), expiry.toSeconds() + grace.toSeconds() - 1)),
      ),
      resultPath: `${this.resultPath}.answer`,
      retryOnServiceExceptions: false,
    });
    ask.addRetry(lambdaServiceFaults);
    return ask;
  }

  /** The token stands in the execution's history, so an answer alone proves nothing: what counts is the gate's own record. */
  private defineVerify(id: string, props: ApprovalTaskProps, host: ApprovalTaskHost): LambdaInvoke {
    const verify = new LambdaInvoke(this, 'Verify', {
      stateName: `${id}: verify`,
      comment: "The outcome of the approval, read from the gate's own record",
      lambdaFunction: host.verify,
      payload: TaskInput.fromObject({ ...this.asked(props), answer: JsonPath.objectAt(`${this.resultPath}.answer`) }),
      payloadResponseOnly: true,
      resultPath: this.resultPath,
      taskTimeout: Timeout.duration(Duration.seconds(2 * gateLimits.functionTimeoutSeconds)),
      retryOnServiceExceptions: false,
    });
    // It only reads, so it may be asked again for whatever went wrong.
    verify.addRetry({
      errors: ['States.ALL'],
      interval: Duration.seconds(2),
      backoffRate: 2,
      maxAttempts: 6,
      maxDelay: Duration.minutes(1),
    });
    return verify;
  }
}

function taskProblem(props: ApprovalTaskProps, host: ApprovalTaskHost): PropProblem | undefined {
  return (
    textProblem('subject', props.subject, gateLimits.subjectLength) ??
    textProblem('question', props.question, gateLimits.questionLength) ??
    pathProblem('resultPath', props.resultPath) ??
    pathProblem('reportPath', props.reportPath) ??
    pathProblem('startedByPath', props.startedByPath) ??
    expiryProblem('expiry', props.expiry) ??
    requiredProblem(props.requiredApprovals) ??
    starterProblem(props, host) ??
    reportProblem(props)
  );
}

function textProblem(prop: string, text: string, length: number): PropProblem | undefined {
  // A text with a path in it has its length at run time, where it is checked again.
  if (JsonPath.isEncodedJsonPath(text) || Token.isUnresolved(text) || (text.trim() !== '' && text.length <= length)) return undefined;
  return {
    prop,
    given: text.trim() === '' ? 'empty' : `${text.length} characters`,
    allowed: `1 to ${length} characters`,
    mend: 'shorten the text, and put the rest into details or the report',
  };
}

function pathProblem(prop: string, path: string | undefined): PropProblem | undefined {
  if (path === undefined || /^\$\$?(\.[A-Za-z_][\w-]*|\['[^']+'\])+$/.test(path)) return undefined;
  return { prop, given: `'${path}'`, allowed: 'a path such as $.approval', mend: 'name one place below $' };
}

function reportProblem({ reportPath, resultPath = '$.approval' }: ApprovalTaskProps): PropProblem | undefined {
  if (reportPath === undefined || !`${reportPath}.`.startsWith(`${resultPath}.`)) return undefined;
  return {
    prop: 'reportPath',
    given: `'${reportPath}'`,
    allowed: `a place outside ${resultPath}, where the result will stand`,
    mend: 'choose another resultPath',
  };
}

function starterProblem(props: ApprovalTaskProps, host: ApprovalTaskHost): PropProblem | undefined {
  if (!host.excludeStarter || props.startedByPath !== undefined) return undefined;
  return {
    prop: 'startedByPath',
    given: 'missing',
    allowed: 'the path of the name of the person who started the execution',
    mend: 'let whatever starts the execution write it into the input, or set excludeStarter: false on the gate',
  };
}

function requiredProblem(required: number | undefined): PropProblem | undefined {
  if (required === undefined || (Number.isInteger(required) && required >= 1 && required <= 20)) return undefined;
  return { prop: 'requiredApprovals', given: `${required}`, allowed: '1 to 20', mend: 'leave it out to use the number of the gate' };
}

/** What is wrong with the time that people have. */
export function expiryProblem(prop: string, expiry: Duration | undefined): PropProblem | undefined {
  if (expiry === undefined || (expiry.toSeconds() >= 30 && expiry.toDays({ integral: false }) <= 364)) return undefined;
  return {
    prop,
    given: `${expiry.toSeconds()} s`,
    allowed: '30 seconds to 364 days: Step Functions ends an execution after a year',
    mend: 'leave it out for 24 hours',
  };
}
