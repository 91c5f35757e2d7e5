import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createHashHistory, createRootRoute, createRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test } from "vitest";
import type { Page } from "@/api/types";
import { parseSearch, stringifySearch } from "../url";
import { DataTable, TableToolbar, useTableState, type Column } from ".";
import { readSort } from "./state";

interface Row {
  id: string;
  name: string;
}
const rows: Row[] = [
  { id: "1", name: "one" },
  { id: "2", name: "two" },
];
const columns: Column<Row>[] = [
  { id: "name", header: "Name", sortKey: "name", isFixed: true, cell: (row) => row.name },
  { id: "id", header: "Number", cell: (row) => `#${row.id}` },
];

function Table({ data, error = null, opened }: { data?: Page<Row>; error?: Error | null; opened: string[] }) {
  const state = useTableState({ name: "test" });
  const query = { data, error, isPending: data === undefined && error === null, isPlaceholderData: false, refetch: () => undefined };
  return (
    <>
      <TableToolbar state={state} columns={columns} placeholder="Filter" />
      <DataTable
        label="Things"
        columns={columns}
        query={query}
        rowKey={(row) => row.id}
        rowName={(row) => row.name}
        state={state}
        onOpen={(row) => opened.push(row.id)}
        bulk={(chosen) => <span>acting on {chosen.map((row) => row.name).join(" and ")}</span>}
        empty={<p>Nothing here</p>}
      />
    </>
  );
}

async function show(props: { data?: Page<Row>; error?: Error | null }) {
  const opened: string[] = [];
  const root = createRootRoute({ validateSearch: (search: Record<string, unknown>) => search as Record<string, string> });
  const index = createRoute({ getParentRoute: () => root, path: "/", component: () => <Table {...props} opened={opened} /> });
  const router = createRouter({ routeTree: root.addChildren([index]), history: createHashHistory(), parseSearch, stringifySearch });
  await router.load();
  render(
    <QueryClientProvider client={new QueryClient()}>
      <RouterProvider router={router as never} />
    </QueryClientProvider>,
  );
  await screen.findByRole("searchbox");
  return { opened, user: userEvent.setup() };
}

beforeEach(() => {
  window.location.hash = "";
  localStorage.clear();
});

const page = (items: Row[], next?: string): Page<Row> => ({ items, total: 7, next });

test("selection, order and columns are in the address", async () => {
  const { user } = await show({ data: page(rows) });
  await user.click(screen.getByLabelText("Select one"));
  await screen.findByText("acting on one");
  await user.click(screen.getByLabelText("Select all things of this page"));
  await screen.findByText("acting on one and two");
  expect(window.location.hash).toContain("selected=1,2");
  await user.click(screen.getByRole("button", { name: "Name" }));
  await screen.findByRole("columnheader", { name: "Name" });
  expect(window.location.hash).toContain("sort=name+asc");
  await user.click(screen.getByRole("button", { name: "Columns" }));
  await user.click(await screen.findByRole("menuitem", { name: /Number/ }));
  expect(window.location.hash).toContain("hide=id");
  expect(screen.queryByText("#1")).toBeNull();
});

test("the next page carries its token, and the way back is known", async () => {
  const { user } = await show({ data: page(rows, "tok") });
  screen.getByText("1–2 of 7");
  await user.click(screen.getByRole("button", { name: "Next page" }));
  expect(window.location.hash).toContain("token=tok");
  await screen.findByText("21–22 of 7");
  await user.click(screen.getByRole("button", { name: "Previous page" }));
  await screen.findByText("1–2 of 7");
  expect(window.location.hash).not.toContain("token");
});

test("rows are walked and opened by keyboard", async () => {
  const { user, opened } = await show({ data: page(rows) });
  const first = screen.getByRole("row", { name: /one/ });
  first.focus();
  await user.keyboard("j");
  expect(document.activeElement).toBe(screen.getByRole("row", { name: /two/ }));
  await user.keyboard("{Enter}");
  expect(opened).toEqual(["2"]);
  await user.keyboard("x");
  await screen.findByText("acting on two");
});

test("loading, empty and failed lists say so", async () => {
  await show({});
  expect(screen.getByRole("table", { name: "Things" }).getAttribute("aria-busy")).toBe("true");
});

test("an empty list shows what to do", async () => {
  await show({ data: { items: [], total: 0 } });
  screen.getByText("Nothing here");
});

test("a failed list shows why, as an alert", async () => {
  await show({ error: new Error("The disk is full") });
  within(screen.getByRole("alert")).getByText("The disk is full");
});

test.each([
  ["created_at desc", { key: "created_at", descending: true }],
  ["name", { key: "name", descending: false }],
  ["metric:mean loss asc", { key: "metric:mean loss", descending: false }],
])("the order %s is read", (text, expected) => {
  expect(readSort(text)).toEqual(expected);
});
