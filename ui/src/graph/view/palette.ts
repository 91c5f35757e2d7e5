// The theme's colours as a canvas needs them: read from the tokens, again whenever the theme changes.

import { useSyncExternalStore } from "react";
import type { Tone } from "@/shared/status";

export interface Palette {
  surface: string;
  group: string;
  groupInner: string;
  line: string;
  lineStrong: string;
  edge: string;
  ink: string;
  ink2: string;
  accent: string;
  critical: string;
  font: string;
  tones: Record<Tone, string>;
  softs: Record<Tone, string>;
}

const TONES: Tone[] = ["succeeded", "running", "failed", "cached", "warning", "neutral"];

export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim() || "#888";
  const each = (suffix: string) => Object.fromEntries(TONES.map((tone) => [tone, token(tone + suffix)])) as Record<Tone, string>;
  return {
    surface: token("surface"),
    group: token("sunken"),
    groupInner: token("surface"),
    line: token("line-strong"),
    lineStrong: token("line-strong"),
    edge: token("ink-3"),
    ink: token("ink"),
    ink2: token("ink-2"),
    accent: token("accent"),
    critical: token("warning"),
    font: getComputedStyle(document.body).fontFamily || "sans-serif",
    tones: each(""),
    softs: each("-soft"),
  };
}

let palette: Palette | undefined;
const listeners = new Set<() => void>();
let observer: MutationObserver | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  observer ??= watch();
  return () => {
    listeners.delete(listener);
  };
}

function watch(): MutationObserver {
  const found = new MutationObserver(() => {
    palette = undefined;
    for (const listener of listeners) listener();
  });
  found.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "class", "style"] });
  return found;
}

export function usePalette(): Palette {
  return useSyncExternalStore(subscribe, () => {
    palette ??= readPalette();
    return palette;
  });
}
