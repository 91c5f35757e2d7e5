import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Page } from "@/shared/Page";

const tab = "relative flex h-9 items-center px-2 font-medium";

/** The archive: two lists with addresses of their own, as in KFP. */
export function ArchivePage({ children }: { children: ReactNode }) {
  return (
    <Page title="Archive">
      <nav aria-label="Archive" className="flex shrink-0 gap-1 border-b border-line px-4">
        {(["runs", "experiments"] as const).map((kind) => (
          <Link
            key={kind}
            to={`/archive/${kind}`}
            search={{}}
            activeOptions={{ includeSearch: false }}
            className={tab}
            activeProps={{ className: "text-ink after:absolute after:inset-x-2 after:-bottom-px after:h-0.5 after:rounded-full after:bg-accent" }}
            inactiveProps={{ className: "text-ink-3 hover:text-ink-2" }}
          >
            {kind === "runs" ? "Runs" : "Experiments"}
          </Link>
        ))}
      </nav>
      {children}
    </Page>
  );
}
