import { describe, expect, test } from "vitest";
import { pieces, plainText, severity } from "./ansi";
import { LogPages, LONGEST_LINE, PIECE } from "./pages";
import { atEnd, LINE_HEIGHT, move, scrollHeight, TALLEST, visible } from "./scroll";

describe("colours", () => {
  test("cut a line into pieces", () => {
    expect(pieces("a\u001b[1;31mb\u001b[0mc")).toEqual([
      { text: "a", style: {} },
      { text: "b", style: { isBold: true, foreground: 1 } },
      { text: "c", style: {} },
    ]);
  });
  test.each<[string, object]>([
    ["\u001b[38;5;196mx", { foreground: "rgb(255 0 0)" }],
    ["\u001b[38;5;9mx", { foreground: 9 }],
    ["\u001b[48;2;1;2;999mx", { background: "rgb(1 2 255)" }],
    ["\u001b[93;4mx", { foreground: 11, isUnderlined: true }],
    ["\u001b[38mx", {}],
    ["\u001b[mx", {}],
  ])("%j", (text, style) => {
    expect(pieces(text)).toEqual([{ text: "x", style }]);
  });
  test("leave out what moves a cursor, and what was written over", () => {
    expect(plainText("\u001b[2K\u001b]0;title\u0007 10%\r 90%\u001b[A\r")).toBe(" 90%");
  });
});

test.each<[string, string | undefined]>([
  ["ValueError: no", "error"],
  ["2026 ERROR x", "error"],
  ["no errors found", undefined],
  ["x.py:3: UserWarning: y", "warning"],
])("%s is marked %s", (line, expected) => {
  expect(severity(line)).toBe(expected);
});

function log(text: string) {
  const bytes = new TextEncoder().encode(text);
  const reads: [number, number][] = [];
  const pages = new LogPages(async (from, to) => {
    reads.push([from, to]);
    return bytes.slice(from, to);
  }, bytes.length);
  return { pages, bytes, reads };
}

const many = Array.from({ length: 200_000 }, (_, index) => `line ${index}`).join("\n");

describe("pages", () => {
  test("give lines across the border of two pieces", async () => {
    const { pages } = log(`${"x".repeat(PIECE - 3)}\näöü€ and so on\nlast`);
    await pages.load(0, PIECE * 2);
    const first = pages.lineAt(PIECE - 2)!;
    expect(first.text).toBe("äöü€ and so on");
    expect(pages.lineAt(first.end)?.text).toBe("last");
    expect(pages.lineAt(pages.size)).toBeUndefined();
  });
  test("read the end of a large log alone", async () => {
    const { pages, reads } = log(many);
    await pages.load(pages.size - 1000, pages.size);
    expect(reads.length).toBeLessThanOrEqual(2);
    const end = atEnd(pages, 10 * LINE_HEIGHT)!;
    const seen = visible(pages, end, 10 * LINE_HEIGHT);
    expect(seen.lines.map((line) => line.line.text)).toEqual(Array.from({ length: 10 }, (_, index) => `line ${199_990 + index}`));
  });
  test("cut a line that never ends", async () => {
    const { pages } = log("y".repeat(LONGEST_LINE * 3));
    await pages.load(0, pages.size);
    expect(pages.lineAt(0)?.text).toHaveLength(LONGEST_LINE);
  });
  test("grow by what is streamed", async () => {
    const { pages } = log("a\nb");
    await pages.load(0, 3);
    pages.append(new TextEncoder().encode(`c\nd${"e".repeat(PIECE)}\nf\n`));
    expect(pages.lineAt(2)?.text).toBe("bc");
    expect(pages.lineAt(pages.size - 2)?.text).toBe("f");
  });
  test("read once what is asked for twice at a time", async () => {
    const { pages, reads } = log("a\n");
    await Promise.all([pages.load(0, 2), pages.load(0, 2)]);
    expect(reads).toHaveLength(1);
  });
});

describe("scrolling", () => {
  test("goes line by line, both ways, and stops at the ends", async () => {
    const { pages } = log("a\nb\nc\nd\n");
    await pages.load(0, pages.size);
    expect(move(pages, { offset: 0, hidden: 0 }, LINE_HEIGHT * 2 + 5)).toEqual({ offset: 4, hidden: 5 });
    expect(move(pages, { offset: 4, hidden: 5 }, -LINE_HEIGHT * 9)).toEqual({ offset: 0, hidden: 0 });
  });
  test("a log that fits begins at its first line", async () => {
    const { pages } = log("a\nb\n");
    await pages.load(0, pages.size);
    expect(atEnd(pages, 400)).toEqual({ offset: 0, hidden: 0 });
    expect(visible(pages, { offset: 0, hidden: 0 }, 400).lines).toHaveLength(2);
  });
  test("an empty log has no lines", () => {
    const { pages } = log("");
    expect(atEnd(pages, 400)).toEqual({ offset: 0, hidden: 0 });
    expect(visible(pages, { offset: 0, hidden: 0 }, 400).lines).toEqual([]);
  });
  test("the bar is never taller than browsers can", () => {
    expect(scrollHeight(200e6, 80)).toBe(TALLEST);
    expect(scrollHeight(800, 80)).toBe(10 * LINE_HEIGHT);
  });
});
