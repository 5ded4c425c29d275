export type { DynamoCall, GlobalTables, GlobalTablesOptions, Routing } from './global-tables';
export { createGlobalTables } from './global-tables';
