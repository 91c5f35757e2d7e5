/** Keys that work everywhere: the palette, and `g` followed by a letter for each page. */
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useEffectEvent } from "react";

const pages: Record<string, string> = {
  r: "/runs",
  c: "/recurringruns",
  e: "/experiments",
  p: "/pipelines",
  a: "/artifacts",
  x: "/executions",
  h: "/archive/runs",
  s: "/settings",
  n: "/runs/new",
  u: "/pipeline_versions/new",
};
/** How long `g` waits for its letter. */
const PATIENCE = 1200;

export function useShortcuts({ openPalette, toggleSidebar }: { openPalette: () => void; toggleSidebar: () => void }) {
  const navigate = useNavigate();
  const press = useEffectEvent((event: KeyboardEvent, isSecond: boolean): boolean => {
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      openPalette();
      return false;
    }
    if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event)) return false;
    const page = isSecond ? pages[event.key] : undefined;
    if (page !== undefined) {
      event.preventDefault();
      void navigate({ to: page as "/", search: {} });
      return false;
    }
    if (event.key === "[") toggleSidebar();
    return event.key === "g";
  });
  useEffect(() => {
    let until = 0;
    const listen = (event: KeyboardEvent) => {
      const isSecond = Date.now() < until;
      until = press(event, isSecond) ? Date.now() + PATIENCE : 0;
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, []);
}

function isTyping(event: KeyboardEvent): boolean {
  const target = event.target as Element | null;
  return Boolean(target?.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable=true], [role=dialog], [role=menu]"));
}
