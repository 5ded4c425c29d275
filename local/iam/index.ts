export type { CallerFunction } from './functions';
export type { Judge, JudgeOptions, Judgement, RedirectedCall } from './judge';
export { applicationId, createJudge } from './judge';
export type { ConditionContext } from './conditions';
