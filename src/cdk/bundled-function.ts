import { existsSync } from 'fs';
import * as path from 'path';
import { RemovalPolicy } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Alias, Architecture, Code, Function, FunctionOptions, IFunction, LoggingFormat, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { invalidProps } from './checks/invalid-props';
import { synthesisTime } from './lookup';

/** Context key: another folder of bundles, for a team that builds its own and for tests. */
export const assetsContextKey = 'cdk-multi-region-payments:assets';

export interface BundledFunctionProps extends FunctionOptions {
  /** Folder of the bundle below `assets/`, such as `api/payments`. */
  readonly bundle: string;
  readonly logRetention: RetentionDays;
  /** Name of its role, for policies elsewhere that name it; CloudFormation's when absent. */
  readonly roleName?: string;
  /** Environments that are always warm; none when absent. */
  readonly provisionedConcurrency?: number;
}

/** A function whose code comes bundled with the package: `assets/<bundle>/index.js`, found from `src/` and from `lib/` alike. */
export class BundledFunction extends Construct {
  /** The function, for settings, grants and metrics. */
  public readonly function: Function;
  /** What to call: the alias that is kept warm, or the function. */
  public readonly entry: IFunction;

  constructor(scope: Construct, id: string, props: BundledFunctionProps) {
    super(scope, id);
    const { bundle, logRetention, roleName, provisionedConcurrency, ...options } = props;
    // Its own log group: Lambda's would be made at the first call, never expire, and outlive the stack.
    const logGroup = new LogGroup(this, 'Logs', { retention: logRetention, removalPolicy: RemovalPolicy.DESTROY });
    // Its own role: the managed basic policy could write to every log group of the account.
    const role = new Role(this, 'Role', { roleName, assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);
    this.function = new Function(this, 'Function', {
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      tracing: Tracing.ACTIVE,
      loggingFormat: LoggingFormat.JSON,
      ...options,
      handler: 'index.handler',
      code: Code.fromAsset(this.bundleDirectory(bundle)),
      role,
      logGroup,
    });
    // What a deployment finds out reaches callers by a new version only, and the CDK makes one where the template differs before anything
    // is found out.
    if (provisionedConcurrency !== undefined) this.function.addEnvironment('DEPLOYMENT', synthesisTime(this));
    this.entry =
      provisionedConcurrency === undefined
        ? this.function
        : new Alias(this, 'Live', {
            aliasName: 'live',
            version: this.function.currentVersion,
            provisionedConcurrentExecutions: provisionedConcurrency,
          });
  }

  private bundleDirectory(bundle: string): string {
    const assets: string = this.node.tryGetContext(assetsContextKey) ?? path.join(__dirname, '..', '..', 'assets');
    const directory = path.join(assets, bundle);
    if (existsSync(path.join(directory, 'index.js'))) return directory;
    throw invalidProps(this, {
      prop: `handler bundle assets/${bundle}/index.js`,
      given: 'missing',
      allowed: 'the file that the published package holds',
      mend: "install the package again; in a clone of the repository run 'npm run build'",
    });
  }
}
