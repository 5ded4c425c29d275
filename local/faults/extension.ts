import { faultExtension } from '../../src/drill/fault/contract';
import type { CfnResource } from '../ground/model';

interface Declared {
  Parameters?: Record<string, unknown>;
  readonly Resources: Readonly<Record<string, CfnResource>>;
}

/** AWS's extension for faults is no part of the run, and the fabric makes functions fail without it: takes it out of a template. */
export function dropFaultExtension(template: Declared): void {
  const layers = Object.entries(template.Parameters ?? {})
    .filter(([, parameter]) => (parameter as { Default?: unknown }).Default === faultExtension.layerParameter)
    .map(([name]) => name);
  for (const name of layers) delete template.Parameters![name];
  for (const { Type, Properties } of Object.values(template.Resources)) {
    const variables = Properties?.Environment?.Variables as Record<string, unknown> | undefined;
    if (Type !== 'AWS::Lambda::Function' || variables?.[faultExtension.variables.wrapper] !== faultExtension.wrapper) continue;
    delete variables[faultExtension.variables.wrapper];
    // Whatever layer the app has it in: nothing but the wrapper's needs one here.
    delete Properties!.Layers;
  }
}
