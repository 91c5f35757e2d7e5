import { expect, test } from "vitest";
import { rank } from "./rank";

const items = ["New run", "New recurring run", "Runs", "Recurring runs", "Failed runs", "Dark theme"].map((label) => ({ label }));

test.each([
  ["run", ["Runs", "New run", "New recurring run", "Recurring runs", "Failed runs"]],
  ["nr", ["New run", "New recurring run"]],
  ["dark", ["Dark theme"]],
  ["zzz", []],
])("%s", (text, labels) => expect(rank(items, text).map((item) => item.label)).toEqual(labels));
