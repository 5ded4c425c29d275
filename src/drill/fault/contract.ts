/** Tags by which a drill knows the experiment template of the region that it drills, and the experiments of its own runs. */
export const faultTags = {
  system: 'payments-drill-system',
  /** The region that the experiment takes away. */
  region: 'payments-drill-region',
  /** ARN of the execution that started the experiment. */
  run: 'payments-drill-run',
} as const;

/** The action, and the kind of its targets: https://docs.aws.amazon.com/fis/latest/userguide/fis-actions-reference.html */
export const faultAction = { id: 'aws:lambda:invocation-error', target: 'Functions', resourceType: 'aws:lambda:function' } as const;

/** AWS's extension for it: https://docs.aws.amazon.com/fis/latest/userguide/use-lambda-actions.html */
export const faultExtension = {
  /** Parameter with the ARN of the newest layer in a region, for functions on ARM. */
  layerParameter: '/aws/service/fis/lambda-extension/AWS-FIS-extension-arm64/1.x.x',
  wrapper: '/opt/aws-fis/bootstrap',
  /** Folder of the bucket by which experiments tell the extension what to do. */
  folder: 'FisConfigs/',
  variables: {
    location: 'AWS_FIS_CONFIGURATION_LOCATION',
    wrapper: 'AWS_LAMBDA_EXEC_WRAPPER',
    poll: 'AWS_FIS_SLOW_POLL_INTERVAL_SECONDS',
    pollWait: 'AWS_FIS_POLL_MAX_WAIT_MILLISECONDS',
  },
} as const;

export const faultLimits = {
  /** ARNs that a target of a template takes. */
  functionsPerTarget: 5,
  /** The extension looks for an experiment so often. The first call after it waits for the answer, for so long at most. */
  pollSeconds: 20,
  pollWaitMs: 1_000,
  /** A caller in the region fails within it, or the experiment counts as one without effect. */
  effectSeconds: 90,
} as const;
