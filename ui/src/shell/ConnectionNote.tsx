import { useEffect, useState } from "react";
import type { Connection } from "@/api/events";
import { Spinner } from "@/shared/Spinner";

/** A restart of the server takes less; nobody needs to hear of that. */
const PATIENCE = 2_000;

/** Says that the page shows what was, while the server cannot be heard. */
export function ConnectionNote({ connection }: { connection: Connection }) {
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    if (connection !== "lost") return setShown(false);
    const timer = setTimeout(() => setShown(true), PATIENCE);
    return () => clearTimeout(timer);
  }, [connection]);
  if (!isShown) return null;
  return (
    <div role="status" className="absolute bottom-4 left-1/2 z-30 flex -translate-x-1/2 items-center gap-2 rounded-full bg-warning-soft px-3 py-1 text-warning shadow-pop">
      <Spinner /> The server is not heard; what is shown may be old. Trying again…
    </div>
  );
}
