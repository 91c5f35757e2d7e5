import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { getWhoAmI, type WhoAmI } from "@/api/about";

/** Tells whether somebody may change anything anywhere; the server judges each request by itself. */
export function mayEdit(who: WhoAmI | undefined): boolean {
  return !who?.required || Object.values(who.roles ?? {}).some((role) => role !== "viewer");
}

export function useMayEdit(): boolean {
  return mayEdit(useQuery(getWhoAmI()).data);
}

/** Leaves out what would only be refused: viewers see no buttons that make or change things. */
export function EditorOnly({ children }: { children: ReactNode }) {
  return useMayEdit() ? children : null;
}
