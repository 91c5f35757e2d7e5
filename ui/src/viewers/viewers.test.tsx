import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, test } from "vitest";
import { ClassificationView, SlicedView } from "./ClassificationView";
import { HtmlFrame } from "./HtmlFrame";
import { JsonView } from "./JsonView";
import { MarkdownView } from "./MarkdownView";
import { classification } from "./metrics";
import { MetricsTable } from "./MetricsTable";
import { TableViewer } from "./TableViewer";

const METRICS = {
  confusionMatrix: { annotationSpecs: [{ displayName: "cat" }, { displayName: "dog" }], rows: [{ row: [8, 2] }, { row: [1, 9] }] },
  confidenceMetrics: [
    { confidenceThreshold: 1, recall: 0, falsePositiveRate: 0 },
    { confidenceThreshold: 0, recall: 1, falsePositiveRate: 1 },
  ],
};

test("classification metrics show the matrix with its scores and the curve with its area", () => {
  render(<ClassificationView metrics={classification(METRICS)} name="eval" />);
  const table = screen.getByRole("table", { name: /rows are the true class/ });
  expect(within(table).getByRole("rowheader", { name: "cat" })).toBeTruthy();
  expect(screen.getByText("85 %")).toBeTruthy();
  expect(screen.getByRole("img", { name: "ROC curve of eval: eval, area 0.500" })).toBeTruthy();
});

test("what cannot be read is named beside what can", () => {
  render(<ClassificationView metrics={classification({ ...METRICS, confusionMatrix: "?" })} name="eval" />);
  expect(screen.getByRole("status").textContent).toContain("A part of eval cannot be shown");
  expect(screen.getByRole("img")).toBeTruthy();
});

test("slices are chosen by name", async () => {
  const empty = { problems: [] };
  render(<SlicedView name="eval" slices={[{ name: "young", metrics: classification(METRICS) }, { name: "old", metrics: empty }]} />);
  await userEvent.selectOptions(screen.getByLabelText("Slice"), "old");
  expect(screen.getByText("Nothing was logged here.")).toBeTruthy();
});

describe("pages made by tasks", () => {
  test("are in a frame of no origin", () => {
    render(<HtmlFrame src="/x" title="report" />);
    expect(screen.getByTitle("report").getAttribute("sandbox")).toBe("allow-scripts");
  });
});

test("markdown makes elements of its own only", () => {
  const { container } = render(<MarkdownView text={"# Hi\n\n<img src=x onerror=alert(1)> [bad](javascript:alert(1)) [good](https://example.com)"} />);
  expect(screen.getByRole("heading", { name: "Hi" })).toBeTruthy();
  expect(container.querySelector("img")).toBeNull();
  expect(screen.getAllByRole("link").map((link) => link.getAttribute("href"))).toEqual(["https://example.com"]);
});

test("a table is sorted by numbers where they are numbers, and back", async () => {
  render(<TableViewer label="rows" columns={[{ name: "n" }, { name: "word" }]} rows={[["10", "b"], ["9", "a"], ["", "c"]]} />);
  const firstCells = () => screen.getAllByRole("row").slice(1).map((row) => within(row).getAllByRole("cell")[1].textContent);
  await userEvent.click(screen.getByRole("button", { name: "n" }));
  expect(firstCells()).toEqual(["", "9", "10"]);
  await userEvent.click(screen.getByRole("button", { name: "n" }));
  expect(firstCells()).toEqual(["10", "9", ""]);
  await userEvent.click(screen.getByRole("button", { name: "n" }));
  expect(firstCells()).toEqual(["10", "9", ""]);
});

test("a tree of JSON opens, and shows long lists in parts", async () => {
  render(<JsonView value={{ list: Array.from({ length: 150 }, (_, index) => index) }} open={1} />);
  await userEvent.click(screen.getByRole("button", { name: /list/ }));
  expect(screen.getByRole("button", { name: "50 more" })).toBeTruthy();
});

test("metrics stand beside their names", () => {
  render(<MetricsTable metrics={[["accuracy", 0.123456789]]} label="Metrics" />);
  expect(screen.getByRole("row", { name: "accuracy 0.123457" })).toBeTruthy();
});
