import { expect, test } from "vitest";
import { cloneName, runName } from "./preset";

test.each([
  ["train", "Clone of train"],
  ["Clone of train", "Clone (2) of train"],
  ["Clone (2) of train", "Clone (3) of train"],
  ["Clone (9) of Clone of x", "Clone (10) of Clone of x"],
])("%s is cloned as %s", (name, clone) => expect(cloneName(name)).toBe(clone));

test("a run is named after its pipeline and the minute", () => {
  expect(runName("train", new Date(2026, 10, 8, 7, 5))).toBe("train 2026-11-08 07:05");
});
