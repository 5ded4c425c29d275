import { drillPlan, drillTelemetry, watchdogPorts } from './environment.aws';
import { drillMetrics } from '../contract';
import { Watchdog, WatchdogSight } from '../watchdog/service';

const watchdog = new Watchdog(drillPlan(process.env), watchdogPorts(process.env));
const telemetry = drillTelemetry(process.env, 'drill-watchdog');

/** Looks each minute, and when an execution was ended. It takes nothing from the event: whoever calls it makes it look. */
export async function handler(): Promise<WatchdogSight> {
  const sight = await watchdog.look();
  telemetry.count(drillMetrics.days, sight.days);
  telemetry.count(drillMetrics.restored, sight.restored ? 1 : 0);
  telemetry.count(drillMetrics.failed, sight.told.length);
  telemetry.record('watchdog looked', { ...sight });
  return sight;
}
