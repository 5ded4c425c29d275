/** Name of the dashboard that a region makes: names of dashboards are one for all regions of an account. */
export function dashboardName(systemName: string, region: string): string {
  return `${systemName}-${region}`;
}

/**
 * What CloudWatch takes as a dashboard. Source: CloudWatch user guide, "CloudWatch service quotas" (metrics that only feed an expression
 * count too; none can be raised), and API reference, "Dashboard Body Structure and Syntax" (alarms), read on 29 November 2026. For the
 * body's length `PutDashboard` names no bound: CloudFormation's 1 MB for a template comes first.
 */
export const dashboardLimits = { widgets: 500, metricsInWidget: 500, metrics: 2_500, alarmsInWidget: 100 } as const;
