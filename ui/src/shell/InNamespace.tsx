/** Which namespace the pages look in: named in the address, remembered, and told to every request before it is made. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { UserRoundX } from "lucide-react";
import { useEffect, useState, type ReactNode } from "react";
import { get } from "@/api/client";
import type { NamespaceList } from "@/api/generated";
import { chosenOf, getNamespaces, isOfNamespace, lookIn, mayLookIn, namespace } from "@/api/namespace";
import type { WhoAmI } from "@/api/own-types";
import { ErrorBanner } from "@/shared/Banner";
import { Button } from "@/shared/Button";
import { EmptyState } from "@/shared/EmptyState";
import { remember, remembered } from "@/shared/storage";
import { toast } from "@/shared/toast";
import { useUrlState } from "@/shared/url";
import { useDashboard } from "./dashboard";
import { useLogOut } from "./UserMenu";

/** The parameter of every address; Kubeflow's dashboard calls it the same. */
export const PARAMETER = "ns";
const REMEMBERED = "namespace";

/** What a page shows of one namespace says nothing of another: pages, filters and selections begin anew. */
export const ANEW = { q: undefined, page: undefined, token: undefined, selected: undefined };

export const useNamespaces = () => useQuery(getNamespaces((path) => get<NamespaceList>(path)));

/** Shows the pages once it is known where they look. */
export function InNamespace({ who, children }: { who: WhoAmI; children: (chosen: string) => ReactNode }) {
  const { data: list, error } = useNamespaces();
  const [url, patch] = useUrlState();
  const inAddress = url[PARAMETER];
  useDashboard((name) => name !== inAddress && patch({ ...ANEW, [PARAMETER]: name }, { push: true }));
  const chosen = list && chosenOf(list, inAddress, remembered<string>(REMEMBERED));
  useEffect(() => {
    if (chosen === undefined || list === undefined) return;
    if (inAddress !== undefined && !mayLookIn(list, inAddress)) toast(`You have no role in namespace “${inAddress}”. This is “${chosen}”.`, { kind: "error" });
    remember(REMEMBERED, chosen);
    if (inAddress !== chosen) patch({ [PARAMETER]: chosen });
  }, [chosen, inAddress, list, patch]);
  if (error) return <ErrorBanner error={error} />;
  if (list === undefined) return null;
  if (chosen === undefined) return <NoRole who={who} />;
  return (
    <LookingIn key={chosen} name={chosen}>
      {children(chosen)}
    </LookingIn>
  );
}

/** Tells requests where they look, before anything below makes one. */
function LookingIn({ name, children }: { name: string; children: ReactNode }) {
  const client = useQueryClient();
  useState(() => {
    if (namespace() !== name) client.removeQueries({ predicate: isOfNamespace });
    lookIn(name);
  });
  return children;
}

/** Somebody is known, and nobody has said what they may do. */
function NoRole({ who }: { who: WhoAmI }) {
  const user = who.user ?? "NAME";
  const leave = useLogOut();
  return (
    <main id="main" className="flex h-dvh items-center justify-center bg-canvas">
      <EmptyState
        icon={<UserRoundX size={20} />}
        title="You have no role in any namespace"
        action={
          <>
            <Button onPress={() => window.location.reload()}>Look again</Button>
            {who.method === "session" && (
              <Button kind="ghost" onPress={() => void leave()}>
                Log out
              </Button>
            )}
          </>
        }
      >
        You are logged in as <b>{user}</b>. Runs and pipelines are in namespaces here, and somebody who administrates this server gives you a role in yours:{" "}
        <code className="font-mono text-xs">pipewright user roles {user} --role team-a=editor</code>
      </EmptyState>
    </main>
  );
}
