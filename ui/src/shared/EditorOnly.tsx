import { createContext, useContext, type ReactNode } from "react";
import type { WhoAmI } from "@/api/own-types";
import { Banner } from "./Banner";

/** Where everything is on a server without namespaces. */
const NAMESPACE = "default";
const EVERYWHERE = "*";

/** Tells whether somebody may change what the pages show of a namespace; the server judges each request by itself. */
export function mayEdit(who: WhoAmI | undefined, namespace = NAMESPACE): boolean {
  if (!who?.required) return true;
  return [EVERYWHERE, namespace].some((namespace) => (who.roles?.[namespace] ?? "viewer") !== "viewer");
}

/** The shell says it once for all pages. */
export const MayEdit = createContext(true);
export const useMayEdit = () => useContext(MayEdit);

/** Tells whether somebody may change what all namespaces share. */
export const mayShare = (who: WhoAmI | undefined) => mayEdit(who, EVERYWHERE);

/** Why an action is there and cannot be chosen. */
export const READ_ONLY = "You may look and not change anything: your role is viewer.";

/** Leaves out what would only be refused: viewers see no buttons that make or change things. */
export function EditorOnly({ children }: { children: ReactNode }) {
  return useMayEdit() ? children : null;
}

/** Says on a form that it cannot be sent, before somebody has filled it in. */
export function ReadOnlyNote({ className }: { className?: string }) {
  if (useMayEdit()) return null;
  return (
    <Banner kind="warning" title="You cannot send this form" className={className}>
      {READ_ONLY} An administrator gives roles.
    </Banner>
  );
}
