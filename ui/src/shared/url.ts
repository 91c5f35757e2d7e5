/** View state in the URL: everything a page shows can be linked to and comes back with the Back button. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

export type UrlState = Record<string, string>;
export type UrlPatch = Record<string, string | undefined>;

/** Returns the page's parameters and what changes some of them; `undefined` takes one away. */
export function useUrlState(): [UrlState, (patch: UrlPatch, options?: { push?: boolean }) => void] {
  const state = useSearch({ strict: false }) as UrlState;
  const navigate = useNavigate();
  const patch = useCallback(
    (changes: UrlPatch, { push = false } = {}) => {
      const search = (before: UrlState) => merged(before, changes);
      void navigate({ to: ".", search: search as never, replace: !push, resetScroll: false });
    },
    [navigate],
  );
  return [state, patch];
}

/** Returns the state after a patch. */
export function merged(state: UrlState, changes: UrlPatch): UrlState {
  const result: UrlState = {};
  for (const [key, value] of Object.entries({ ...state, ...changes })) {
    if (value !== undefined && value !== "") result[key] = value;
  }
  return result;
}

/** Parameters are plain text on both sides, as in links printed by the official client. */
export function parseSearch(text: string): UrlState {
  return Object.fromEntries(new URLSearchParams(text));
}

export function stringifySearch(state: Record<string, unknown>): string {
  const words = new URLSearchParams();
  for (const [key, value] of Object.entries(state)) {
    if (value !== undefined && value !== "") words.set(key, String(value));
  }
  // Commas and colons are common in ours and need no escape.
  const text = words.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
  return text === "" ? "" : `?${text}`;
}
