import { expect, test } from "vitest";
import { formOf, freshTrigger, readTrigger, weekdaysOf, withWeekdays } from "./trigger";

test.each([
  [{ every: "2", unit: "hours" as const }, "7200"],
  [{ every: "1.5", unit: "minutes" as const }, "90"],
  [{ every: "1", unit: "weeks" as const }, "604800"],
])("%j is a period", (change, seconds) => {
  const { trigger, problems } = readTrigger({ ...freshTrigger, ...change });
  expect(trigger.periodic_schedule?.interval_second).toBe(seconds);
  expect(problems).toEqual({});
});

test.each([
  [{ every: "0" }, "every"],
  [{ every: "often" }, "every"],
  [{ kind: "cron" as const, cron: "9 * *" }, "cron"],
  [{ start: "2026-11-02T00:00", end: "2026-11-01T00:00" }, "end"],
  [{ maxConcurrency: "11" }, "maxConcurrency"],
])("%j is refused", (change, field) => expect(Object.keys(readTrigger({ ...freshTrigger, ...change }).problems)).toEqual([field]));

test("a trigger comes back from its form as it was", () => {
  for (const trigger of [
    { cron_schedule: { cron: "0 0 9 * * 1-5", start_time: "2026-11-01T10:00:00Z", end_time: undefined } },
    { periodic_schedule: { interval_second: "90", start_time: undefined, end_time: undefined } },
    { periodic_schedule: { interval_second: "172800", start_time: undefined, end_time: undefined } },
  ]) {
    expect(readTrigger(formOf(trigger, true, "3")).trigger).toEqual(trigger);
  }
});

test("weekdays are put into an expression and found there", () => {
  expect(withWeekdays("0 0 9 * *", new Set([1, 3]))).toBe("0 0 9 * * 1,3");
  expect(withWeekdays("0 0 9 * * 1", new Set())).toBe("0 0 9 * * *");
  expect(withWeekdays("TZ=Europe/Berlin 0 0 9 * * 1", new Set([2]))).toBe("TZ=Europe/Berlin 0 0 9 * * 2");
  expect([...weekdaysOf("0 0 9 * * mon-wed")]).toEqual([1, 2, 3]);
});
