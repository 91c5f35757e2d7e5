import { describe, expect, test } from "vitest";
import { describeCron, describeTrigger, interval } from "./describe";
import { nextFires, nextOfTrigger } from "./next";
import { parseCron } from "./parse";

describe("reading aloud", () => {
  test.each([
    ["0 0 9 * * 1-5", "At 09:00, on weekdays"],
    ["0 30 6,18 * * *", "At 06:30 and 18:30, every day"],
    ["0 */15 * * * *", "Every 15 minutes"],
    ["0 0 * * * *", "Every hour"],
    ["0 5 * * * *", "Every hour at 5 minutes past"],
    ["* * * * * *", "Every second"],
    ["0 * * * * *", "Every minute"],
    ["0 0 0 1 * ?", "At 00:00, on day 1 of the month"],
    ["0 0 0 1 jan *", "At 00:00, on day 1 of the month, in January"],
    ["0 0 12 ? * sat,sun", "At 12:00, at weekends"],
    ["0 0 12 1 * mon", "At 12:00, on day 1 of the month or on Monday"],
    ["15 0 12 * *", "At 12:00:15, every day"],
    ["0 0/10 8-17 * * *", "Every 10 minutes, between 08:00 and 17:59, every day"],
    ["@weekly", "At 00:00, on Sunday"],
    ["@every 1h30m", "Every 1 hour 30 minutes"],
    ["TZ=Europe/Berlin 0 0 3 * * *", "At 03:00, every day, Europe/Berlin time"],
  ])("%s", (text, words) => expect(describeCron(text)).toBe(words));

  test("five fields are seconds first: a Unix expression means something else", () => {
    expect(describeCron("0 9 * * 1-5")).toBe("Every hour at 9 minutes past, in January, February, March, April and May");
  });

  test.each([
    [60, "minute"],
    [3600, "hour"],
    [5400, "1 hour 30 minutes"],
    [7200, "2 hours"],
    [604_800, "week"],
    [90, "1 minute 30 seconds"],
  ])("%i seconds", (seconds, words) => expect(interval(seconds)).toBe(words));

  test("triggers", () => {
    expect(describeTrigger({ periodic_schedule: { interval_second: "3600" } })).toBe("Every hour");
    expect(describeTrigger({})).toBe("Once, at creation");
    expect(describeTrigger({ cron_schedule: { cron: "nonsense" } })).toBe("nonsense");
  });
});

describe("what is refused", () => {
  test.each([
    ["* * *", "there are 3 fields"],
    ["60 * * * * *", "second: 60 is not within 0–59"],
    ["0 0 0 0 * *", "day of month: 0 is not within 1–31"],
    ["0 0 9 * * 7", "day of week: 7 is not within 0–6"],
    ["0 0 9 * * mo", "day of week: “mo” is no number or name"],
    ["0 9-5 * * * *", "minute: “9-5” begins after its end"],
    ["0 */0 * * * *", "minute: “0” is no step"],
    ["@fortnightly", "no known shorthand"],
    ["@every soon", "is no duration"],
    ["TZ=Mars/Base 0 0 3 * * *", "is no time zone"],
  ])("%s", (text, problem) => expect(() => parseCron(text)).toThrow(problem));
});

describe("next fire times", () => {
  const at = (text: string) => Date.parse(text);
  const next = (text: string, from: string, count = 1, zone = "UTC") =>
    nextFires(parseCron(text), at(from), count, zone).map((time) => new Date(time).toISOString().replace(".000Z", "Z"));

  test.each([
    ["0 0 9 * * 1-5", "2026-11-27T09:00:00Z", ["2026-11-30T09:00:00Z"]],
    ["0 0 0 29 2 *", "2026-01-01T00:00:00Z", ["2028-02-29T00:00:00Z"]],
    ["0 0 0 30 2 *", "2026-01-01T00:00:00Z", []],
    ["0 0 0 13 * 5", "2026-11-01T00:00:00Z", ["2026-11-06T00:00:00Z"]],
    ["30 * * * * *", "2026-11-01T00:00:30Z", ["2026-11-01T00:01:30Z"]],
    ["@every 90s", "2026-11-01T00:00:00Z", ["2026-11-01T00:01:30Z"]],
    ["TZ=Europe/Berlin 0 0 3 * * *", "2026-11-01T00:00:00Z", ["2026-11-01T02:00:00Z"]],
  ])("%s after %s", (text, from, fires) => expect(next(text, from)).toEqual(fires));

  test("in another zone, over the change of its clocks", () => {
    expect(next("0 0 9 * * *", "2026-10-24T00:00:00Z", 2, "Europe/Berlin")).toEqual(["2026-10-24T07:00:00Z", "2026-10-25T08:00:00Z"]);
  });

  test("periods count from the start or from creation, and end", () => {
    const now = at("2026-11-01T10:30:00Z");
    const hours = (trigger: Parameters<typeof nextOfTrigger>[0], since?: number) =>
      nextOfTrigger(trigger, now, 3, "UTC", since).map((time) => new Date(time).toISOString().slice(11, 16));
    expect(hours({ periodic_schedule: { interval_second: "3600" } })).toEqual(["11:30", "12:30", "13:30"]);
    expect(hours({ periodic_schedule: { interval_second: "3600" } }, at("2026-11-01T08:00:00Z"))).toEqual(["11:00", "12:00", "13:00"]);
    expect(hours({ periodic_schedule: { interval_second: "3600", start_time: "2026-11-01T20:00:00Z", end_time: "2026-11-01T21:00:00Z" } })).toEqual(["20:00", "21:00"]);
  });
});
