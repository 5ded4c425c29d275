/** Where every metric of a system is found: what functions write and alarms look for. */
export const systemMetrics = { namespace: 'MultiRegionPayments', systemDimension: 'System', regionDimension: 'Region' } as const;
