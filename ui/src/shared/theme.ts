/** Light, dark, or as the system says. The first paint is `public/theme.js`'s. */
import { useSyncExternalStore } from "react";
import { remember, remembered } from "./storage";

export type ThemeChoice = "light" | "dark" | "system";

const prefersDark = window.matchMedia?.("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();
let choice: ThemeChoice = remembered<ThemeChoice>("theme") ?? "system";

function apply() {
  const dark = choice === "dark" || (choice === "system" && prefersDark?.matches);
  document.documentElement.dataset["theme"] = dark ? "dark" : "light";
  for (const listener of listeners) listener();
}

prefersDark?.addEventListener("change", apply);

export function setTheme(next: ThemeChoice): void {
  choice = next;
  remember("theme", next === "system" ? undefined : next);
  apply();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useThemeChoice = () => useSyncExternalStore(subscribe, () => choice);
export const useIsDark = () => useSyncExternalStore(subscribe, () => document.documentElement.dataset["theme"] === "dark");
