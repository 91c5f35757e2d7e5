import { useQuery } from "@tanstack/react-query";
import type { Trigger } from "@/api/types";
import { getAbout } from "@/api/about";
import { useNow } from "../Time";
import { fullText, relativeText } from "../time";
import { nextOfTrigger } from "./next";

/** In which zone the server reads cron expressions. */
export function useCronZone(): string {
  const { data } = useQuery(getAbout());
  const zone = data?.settings["cron_zone"];
  return typeof zone === "string" && zone !== "" ? zone : "UTC";
}

/** The next times at which a trigger fires, as this browser's clock shows them. */
export function NextFires({ trigger, count, since }: { trigger: Trigger; count: number; since?: number }) {
  const zone = useCronZone();
  const now = Math.floor(useNow() / 10_000) * 10_000;
  let fires: number[];
  try {
    fires = nextOfTrigger(trigger, now, count, zone, since);
  } catch {
    return null;
  }
  if (fires.length === 0) return <p className="text-ink-3">It will not fire any more.</p>;
  return (
    <>
      <ol className="tnum text-ink-2">
        {fires.map((at) => (
          <li key={at}>
            <time dateTime={new Date(at).toISOString()}>{fullText(at)}</time>
            <span className="text-ink-3"> · {relativeText(at, now)}</span>
          </li>
        ))}
      </ol>
      {trigger.cron_schedule && <p className="mt-1 text-xs text-ink-3">Cron is read in {zone}.</p>}
    </>
  );
}
