export type { DynamoCall, GlobalTables, GlobalTablesOptions, TableAnswer as Routing } from './global-tables';
export { createGlobalTables } from './global-tables';
