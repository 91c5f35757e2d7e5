import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Archive, Boxes, CalendarClock, FlaskConical, ListTree, PanelLeft, Play, Search, Settings, Workflow } from "lucide-react";
import type { ReactNode } from "react";
import { address } from "@/api/client";
import { getHealth } from "@/api/queries";
import { IconButton } from "@/shared/Button";
import { cx } from "@/shared/cx";
import { Keys } from "@/shared/Keys";
import { Logo } from "./Logo";
import { NamespaceMenu } from "./NamespaceMenu";
import { ThemeMenu } from "./ThemeMenu";
import { UserMenu } from "./UserMenu";

interface Entry {
  to: string;
  label: string;
  icon: ReactNode;
  keys?: string;
}

export const groups: { label: string; entries: Entry[] }[] = [
  {
    label: "Work",
    entries: [
      { to: "/runs", label: "Runs", icon: <Play size={16} />, keys: "g r" },
      { to: "/recurringruns", label: "Recurring runs", icon: <CalendarClock size={16} />, keys: "g c" },
      { to: "/experiments", label: "Experiments", icon: <FlaskConical size={16} />, keys: "g e" },
      { to: "/pipelines", label: "Pipelines", icon: <Workflow size={16} />, keys: "g p" },
    ],
  },
  {
    label: "Results",
    entries: [
      { to: "/artifacts", label: "Artifacts", icon: <Boxes size={16} />, keys: "g a" },
      { to: "/executions", label: "Executions", icon: <ListTree size={16} />, keys: "g x" },
    ],
  },
  {
    label: "Rest",
    entries: [
      { to: "/archive/runs", label: "Archive", icon: <Archive size={16} />, keys: "g h" },
      { to: "/settings", label: "Settings", icon: <Settings size={16} />, keys: "g s" },
    ],
  },
];

export interface SidebarProps {
  isCollapsed: boolean;
  onCollapse: (collapsed: boolean) => void;
  onSearch: () => void;
  className?: string;
}

export function Sidebar({ isCollapsed, onCollapse, onSearch, className }: SidebarProps) {
  return (
    <aside aria-label="Navigation" className={cx("flex shrink-0 flex-col bg-canvas px-2 py-2", isCollapsed ? "w-14" : "w-58", className)}>
      <div className={cx("mb-2 flex h-11 items-center", isCollapsed ? "justify-center" : "justify-between pl-2")}>
        {!isCollapsed && (
          <Link to="/runs" search={{}} className="flex items-center gap-2 rounded-md font-semibold tracking-tight">
            <Logo />
            Pipewright
          </Link>
        )}
        <IconButton
          small
          label={isCollapsed ? "Widen the navigation" : "Narrow the navigation"}
          shortcut="["
          icon={<PanelLeft size={16} />}
          onPress={() => onCollapse(!isCollapsed)}
        />
      </div>
      <button
        type="button"
        onClick={onSearch}
        aria-label="Search and commands"
        className={cx(
          "mb-3 flex h-8 items-center gap-2 rounded-md bg-surface text-ink-3 ring-1 ring-inset ring-line hover:text-ink-2 hover:ring-line-strong",
          isCollapsed ? "justify-center" : "px-2.5",
        )}
      >
        <Search size={14} aria-hidden />
        {!isCollapsed && (
          <>
            <span className="flex-1 text-left">Search</span>
            <Keys keys="mod+k" />
          </>
        )}
      </button>
      <NamespaceMenu isCollapsed={isCollapsed} onWiden={() => onCollapse(false)} />
      <nav aria-label="Pages" className="flex flex-1 flex-col gap-4 overflow-y-auto">
        {groups.map((group) => (
          <ul key={group.label} aria-label={group.label} className="flex flex-col gap-px">
            {group.entries.map((entry) => (
              <li key={entry.to}>
                <NavLink entry={entry} isCollapsed={isCollapsed} />
              </li>
            ))}
          </ul>
        ))}
      </nav>
      <div className={cx("flex gap-1 pt-2", isCollapsed ? "flex-col items-center" : "items-center")}>
        <UserMenu isCollapsed={isCollapsed} />
        <ThemeMenu />
      </div>
      {!isCollapsed && <Version />}
    </aside>
  );
}

/** Which server this is, and where its interfaces are described. */
function Version() {
  const { data } = useQuery(getHealth());
  return (
    <p className="flex items-center justify-between gap-2 px-2.5 pt-1 text-2xs text-ink-3">
      <Link to="/settings" search={{}} className="truncate rounded-sm hover:text-ink-2" title={data?.commit_sha === undefined ? undefined : `Commit ${data.commit_sha}`}>
        {data?.tag_name === undefined || data.tag_name === "" ? "About" : `Version ${data.tag_name}`}
      </Link>
      <a href={address("apis/docs")} target="_blank" rel="noreferrer" className="rounded-sm hover:text-ink-2">
        API
      </a>
    </p>
  );
}

function NavLink({ entry, isCollapsed }: { entry: Entry; isCollapsed: boolean }) {
  return (
    <Link
      to={entry.to as "/"}
      search={{}}
      title={isCollapsed ? entry.label : undefined}
      aria-label={isCollapsed ? entry.label : undefined}
      activeOptions={{ includeSearch: false }}
      className={cx("flex h-8 items-center gap-2.5 rounded-md font-medium transition-colors duration-75", isCollapsed ? "justify-center" : "px-2.5")}
      activeProps={{ className: "bg-surface text-ink shadow-[0_0_0_1px_var(--line)] [&>svg]:text-accent-ink" }}
      inactiveProps={{ className: "text-ink-2 hover:bg-hover hover:text-ink [&>svg]:text-ink-3" }}
    >
      {entry.icon}
      {!isCollapsed && entry.label}
    </Link>
  );
}
