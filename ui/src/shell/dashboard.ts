/** Follows the namespace that is chosen in Kubeflow's central dashboard, when these pages are a frame in it. */
import { useEffect, useEffectEvent } from "react";

/** What the dashboard and a page in it say to each other; only within one origin. */
interface Message {
  type?: unknown;
  value?: unknown;
}
const HERE = "iframe-connected";
const CHOSEN = "namespace-selected";

export function useDashboard(onChosen: (namespace: string) => void): void {
  const choose = useEffectEvent(onChosen);
  useEffect(() => {
    if (window.parent === window) return;
    const { origin } = window.location;
    const hear = (event: MessageEvent<Message | undefined>) => {
      if (event.source !== window.parent || event.origin !== origin) return;
      const { type, value } = event.data ?? {};
      if (type === CHOSEN && typeof value === "string" && value !== "") choose(value);
    };
    window.addEventListener("message", hear);
    // It answers with what is chosen, and again with every change.
    window.parent.postMessage({ type: HERE }, origin);
    return () => window.removeEventListener("message", hear);
  }, []);
}
