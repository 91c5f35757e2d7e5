import { expect, test } from "vitest";
import { metricText, scalars } from "./metrics";

test.each([
  [0.123456789, "0.12346"],
  [12, "12"],
  [1234567, "1,234,567"],
  [0.0000012, "1.200e-6"],
  [1234567.5, "1.235e+6"],
  ["high", "high"],
  [undefined, "—"],
])("%s is written as %s", (value, text) => expect(metricText(value)).toBe(text));

test("only scalars are metrics", () => {
  expect(scalars({ accuracy: 0.9, note: "fine", display_name: "metrics", matrix: [1], nothing: null })).toEqual({ accuracy: 0.9, note: "fine" });
});
