export { DataTable, type DataTableProps } from "./DataTable";
export type { Column } from "./columns";
export { TableToolbar } from "./TableToolbar";
export { useTableState, type TableState } from "./state";
