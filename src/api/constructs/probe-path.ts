import { Aws, Fn, Token } from 'aws-cdk-lib';
import { PropProblem } from '../../cdk/checks/invalid-props';

/** The part of the path by which Route 53 asks for a region's health that only the health check knows. */
export interface ProbePathOptions {
  /**
   * The part, 16 to 64 letters, digits and hyphens: make it by chance, such as by `openssl rand -hex 16`.
   *
   * @default - the unique part of the stack's ID, which the template does not hold
   */
  readonly key?: string;

  /**
   * The part in use until now, `key`'s last value or `'default'`: it goes on being answered, so that the region does not look dead while
   * the deployment moves the health check. Take it out in the next deployment.
   *
   * @default - none
   */
  readonly previousKey?: string;
}

/** A path that callers cannot name, beside `/health`, which is for people. */
export const probeParent = '/health';

/** Paths that are answered as the probe's, the one in use first. */
export function probePathsOf({ key, previousKey }: ProbePathOptions = {}): string[] {
  // Known at deployment only: whoever knows the templates or the construct's source does not know it.
  const ofStack = Fn.select(2, Fn.split('/', Aws.STACK_ID));
  const parts = [key ?? ofStack, ...(previousKey === undefined ? [] : [previousKey === 'default' ? ofStack : previousKey])];
  return parts.map((part) => `${probeParent}/${part}`);
}

/** What is wrong with the options; undefined when nothing is. */
export function probePathProblem({ key, previousKey }: ProbePathOptions = {}): PropProblem | undefined {
  const malformed = (text: string | undefined): boolean =>
    text !== undefined && !Token.isUnresolved(text) && !/^[A-Za-z0-9-]{16,64}$/.test(text);
  const allowed = '16 to 64 letters, digits and hyphens';
  if (malformed(key)) {
    return { prop: 'probePath.key', given: `${key!.length} characters`, allowed, mend: 'generate one with openssl rand -hex 16' };
  }
  if (previousKey !== 'default' && malformed(previousKey)) {
    return {
      prop: 'probePath.previousKey',
      given: `${previousKey!.length} characters`,
      allowed: `${allowed}, or 'default'`,
      mend: 'give the value that key had before',
    };
  }
  if (previousKey === undefined || (key ?? 'default') !== previousKey) return undefined;
  return {
    prop: 'probePath.previousKey',
    given: 'the same as key',
    allowed: 'the value that key had before',
    mend: 'leave it out: it is needed only while key changes',
  };
}
