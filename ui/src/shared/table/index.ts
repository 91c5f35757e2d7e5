export { DataTable, type DataTableProps } from "./DataTable";
export type { Column } from "./columns";
export { TableToolbar } from "./TableToolbar";
export { METRIC, useTableState, type TableState } from "./state";
