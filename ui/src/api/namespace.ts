/** The namespace that the pages look in, on a server whose users have theirs. Requests name it by themselves. */
import { queryOptions } from "@tanstack/react-query";
import type { NamespaceList } from "./generated";

let current: string | undefined;

/** Returns what is looked in now; nothing where there are no namespaces. */
export const namespace = () => current;

/** Looks in another one from now on. */
export function lookIn(next: string | undefined): void {
  current = next;
}

/** Tells whether a request without a namespace of its own is about the chosen one; `""` names what all share. */
export function meansChosen(path: string, named: unknown): boolean {
  return current !== undefined && named === undefined && /^\/?(apis|artifacts|k8s)\//.test(path);
}

/** What does not depend on the chosen namespace. */
const ABOUT_ALL = new Set<unknown>(["whoami", "namespaces", "health", "about"]);
export const isOfNamespace = (query: { queryKey: readonly unknown[] }) => !ABOUT_ALL.has(query.queryKey[0]);

/** Tells whether somebody has a role there; a namespace comes to be with the first thing in it. */
export const mayLookIn = (list: NamespaceList, name: string | undefined): name is string =>
  name !== undefined && name !== "" && (list.everywhere !== undefined || list.namespaces.some((one) => one.name === name));

/** Chooses: what the address names, then what was looked in before, then the first there is. */
export function chosenOf(list: NamespaceList, inAddress: string | undefined, before: string | undefined): string | undefined {
  return [inAddress, before, list.namespaces[0]?.name].find((name) => mayLookIn(list, name));
}

export const getNamespaces = (load: (path: string) => Promise<NamespaceList>) =>
  queryOptions({ queryKey: ["namespaces"], queryFn: () => load("apis/pipewright/v1/namespaces"), staleTime: 60_000, retry: false });
