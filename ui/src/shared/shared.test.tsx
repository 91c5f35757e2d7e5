import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { actOnAll, runBulk } from "./bulk";
import { bytesText } from "./bytes";
import { ConfirmDialog } from "./Dialog";
import { StatusBadge } from "./StatusBadge";
import { Duration } from "./Time";
import { dateText, durationText, relativeText } from "./time";
import { dismiss, toasts } from "./toast";
import { Toasts } from "./Toasts";
import { merged, parseSearch, stringifySearch } from "./url";

describe("times", () => {
  test.each([
    [850, "850 ms"],
    [4200, "4.2 s"],
    [59_600, "1m 0s"],
    [192_000, "3m 12s"],
    [7_500_000, "2h 5m"],
    [349_200_000, "4d 1h"],
  ])("%i ms is %s", (milliseconds, text) => expect(durationText(milliseconds)).toBe(text));

  const now = Date.parse("2026-11-28T12:00:00Z");
  test.each([
    [-3_000, "just now"],
    [-240_000, "4 min ago"],
    [7_200_000, "in 2 h"],
    [-86_400_000, "1 day ago"],
    [-40 * 86_400_000, "19 Oct"],
  ])("%i ms from now is %s", (distance, text) => expect(relativeText(now + distance, now)).toBe(text));

  test("another year is named", () => expect(dateText(Date.parse("2024-02-29T12:00:00Z"), now)).toBe("29 Feb 2024"));

  test("whole seconds that are the same are told as less than one", () => {
    render(<Duration from="2026-11-28T12:00:00Z" to="2026-11-28T12:00:00Z" />);
    screen.getByText("< 1 s");
  });
  test("what never began has no duration", () => {
    render(<Duration from="1970-01-01T00:00:00Z" to={undefined} />);
    screen.getByText("—");
  });
});

test("sizes", () => expect([0, 1023, 4404019, 12 * 2 ** 30].map(bytesText)).toEqual(["0 B", "1023 B", "4.2 MiB", "12 GiB"]));

test("the address keeps lists readable and survives the way there and back", () => {
  const state = { runlist: "a,b", q: "x & y", empty: "" };
  expect(stringifySearch(state)).toBe("?runlist=a,b&q=x+%26+y");
  expect(parseSearch(stringifySearch(state))).toEqual({ runlist: "a,b", q: "x & y" });
  expect(merged({ a: "1", b: "2" }, { a: undefined, c: "3" })).toEqual({ b: "2", c: "3" });
});

test.each([
  ["SUCCEEDED", "Succeeded"],
  ["CANCELING", "Stopping"],
  ["something new", "Unknown"],
])("%s has a word besides its colour", (state, word) => {
  render(<StatusBadge state={state} />);
  screen.getByText(word);
});

describe("actions on many", () => {
  beforeEach(() => act(() => [...toasts.current()].forEach((message) => dismiss(message.id))));
  afterEach(() => vi.useRealTimers());

  test("one failure does not stop the others, and only so many go at once", async () => {
    let atOnce = 0;
    let most = 0;
    const outcome = await actOnAll(Array.from({ length: 20 }, (_, index) => index), async (item) => {
      most = Math.max(most, ++atOnce);
      await Promise.resolve();
      atOnce--;
      if (item === 7) throw new Error("seven is bad");
    });
    expect(outcome.succeeded).toHaveLength(19);
    expect(outcome.failed).toEqual([{ item: 7, problem: "seven is bad" }]);
    expect(most).toBe(6);
  });

  test("what was done is told, and can be taken back", async () => {
    render(<Toasts />);
    const undone: string[] = [];
    await act(() =>
      runBulk({
        items: ["a", "b", "c"],
        act: (item) => (item === "c" ? Promise.reject(new Error("c is locked")) : Promise.resolve()),
        undo: async (item) => void undone.push(item),
        doing: "Archiving",
        done: "Archived",
        noun: "run",
        name: (item) => item,
        after: () => undefined,
      }),
    );
    screen.getByText("Archived 2 runs");
    screen.getByText("“c”: c is locked");
    await userEvent.click(screen.getByRole("button", { name: "Undo" }));
    expect(undone.sort()).toEqual(["a", "b"]);
  });
});

test("a question stays open and says why when its action failed", async () => {
  const onClose = vi.fn();
  const onConfirm = vi.fn().mockRejectedValueOnce(new Error("it is in use")).mockResolvedValueOnce(undefined);
  render(
    <ConfirmDialog title="Delete it?" action="Delete" isDangerous isOpen onClose={onClose} onConfirm={onConfirm}>
      For good.
    </ConfirmDialog>,
  );
  await userEvent.click(screen.getByRole("button", { name: "Delete" }));
  await screen.findByText("it is in use");
  expect(onClose).not.toHaveBeenCalled();
  await userEvent.click(screen.getByRole("button", { name: "Delete" }));
  expect(onClose).toHaveBeenCalledOnce();
});
