import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Outlet, useLocation } from "@tanstack/react-router";
import { Menu as MenuIcon } from "lucide-react";
import { lazy, Suspense, useEffect, useState } from "react";
import { getWhoAmI } from "@/api/about";
import { whenUnauthenticated } from "@/api/client";
import { IconButton } from "@/shared/Button";
import { cx } from "@/shared/cx";
import { MayEdit, mayEdit } from "@/shared/EditorOnly";
import { remember, remembered } from "@/shared/storage";
import { Toasts } from "@/shared/Toasts";
import { ConnectionNote } from "./ConnectionNote";
import { useLive } from "./live";
import { InNamespace } from "./InNamespace";
import { LoginPage } from "./LoginPage";
import { Sidebar } from "./Sidebar";
import { useShortcuts } from "./shortcuts";

const CommandPalette = lazy(() => import("./CommandPalette"));

/** The interface, or the login in front of it. */
export function Shell() {
  const client = useQueryClient();
  const who = useQuery(getWhoAmI());
  useEffect(() => whenUnauthenticated(() => void client.invalidateQueries({ queryKey: getWhoAmI().queryKey })), [client]);
  // Nobody is asked for anything before it is known whether they may ask.
  if (who.isPending) return null;
  if (who.data?.required && !who.data.authenticated) return <LoginPage who={who.data} />;
  const frame = (namespace?: string) => (
    <MayEdit value={mayEdit(who.data, namespace)}>
      <Frame />
    </MayEdit>
  );
  return who.data?.namespaces ? <InNamespace who={who.data}>{frame}</InNamespace> : frame();
}

/** What surrounds every page: navigation, palette, messages. */
function Frame() {
  const [isCollapsed, setCollapsed] = useState(() => remembered<boolean>("sidebar.collapsed") ?? false);
  const [isDrawerOpen, setDrawerOpen] = useState(false);
  const [isPaletteOpen, setPaletteOpen] = useState(false);
  const connection = useLive();
  const path = useLocation({ select: (location) => location.pathname });
  const collapse = (next: boolean) => {
    setCollapsed(next);
    remember("sidebar.collapsed", next);
  };
  useEffect(() => setDrawerOpen(false), [path]);
  useShortcuts({ openPalette: () => setPaletteOpen(true), toggleSidebar: () => collapse(!isCollapsed) });
  return (
    <div className="flex h-dvh overflow-hidden bg-canvas">
      <a href="#main" onClick={skipToMain} className="sr-only focus:not-sr-only focus:fixed focus:z-50 focus:m-2 focus:rounded-md focus:bg-raised focus:p-2">
        Skip to the content
      </a>
      {isDrawerOpen && <div className="fixed inset-0 z-30 bg-black/40 md:hidden" onClick={() => setDrawerOpen(false)} aria-hidden />}
      <Sidebar
        isCollapsed={isCollapsed}
        onCollapse={collapse}
        onSearch={() => setPaletteOpen(true)}
        className={cx("max-md:fixed max-md:inset-y-0 max-md:left-0 max-md:z-30 max-md:shadow-dialog", !isDrawerOpen && "max-md:hidden")}
      />
      <div className="relative flex min-w-0 flex-1 flex-col py-2 pr-2 max-md:p-0">
        <div className="absolute top-2.5 left-2.5 z-20 md:hidden">
          <IconButton label="Navigation" icon={<MenuIcon size={18} />} onPress={() => setDrawerOpen(true)} />
        </div>
        <main
          id="main"
          tabIndex={-1}
          className="flex min-h-0 flex-1 flex-col overflow-hidden rounded-xl bg-surface outline-none ring-1 ring-line max-md:rounded-none max-md:ring-0"
        >
          <Outlet />
        </main>
        <ConnectionNote connection={connection} />
      </div>
      {isPaletteOpen && (
        <Suspense>
          <CommandPalette onClose={() => setPaletteOpen(false)} />
        </Suspense>
      )}
      <Toasts />
    </div>
  );
}

/** The router owns the hash, so the jump is made by hand. */
function skipToMain(event: React.MouseEvent) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}
