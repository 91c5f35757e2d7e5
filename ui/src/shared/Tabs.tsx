import type { ReactNode } from "react";
import { Tab, TabList, TabPanel, Tabs as AriaTabs } from "react-aria-components";
import { cx } from "./cx";
import { useUrlState } from "./url";

export interface TabEntry {
  id: string;
  label: ReactNode;
  count?: number;
  /** Rendered only while the tab is chosen. */
  content: ReactNode;
}

export interface TabsProps {
  label: string;
  tabs: TabEntry[];
  /** The name in the URL that keeps the chosen tab; the first tab is left out of it. */
  param?: string;
  /** For the line of tabs, such as the page's side padding. */
  className?: string;
  /** For the panels, such as `flex-1 min-h-0`. */
  panelClassName?: string;
}

export function Tabs({ label, tabs, param = "tab", className, panelClassName }: TabsProps) {
  const [state, patch] = useUrlState();
  const first = tabs[0]?.id ?? "";
  const chosen = tabs.some((tab) => tab.id === state[param]) ? state[param]! : first;
  return (
    <AriaTabs
      selectedKey={chosen}
      onSelectionChange={(key) => patch({ [param]: key === first ? undefined : String(key) })}
      className="flex min-h-0 flex-1 flex-col"
    >
      <TabList aria-label={label} className={cx("flex shrink-0 gap-1 overflow-x-auto border-b border-line", className)}>
        {tabs.map((tab) => (
          <Tab
            key={tab.id}
            id={tab.id}
            className={({ isSelected }) =>
              cx(
                "relative flex h-9 cursor-default items-center gap-1.5 px-2 font-medium whitespace-nowrap outline-offset-[-2px] transition-colors",
                "after:absolute after:inset-x-2 after:-bottom-px after:h-0.5 after:rounded-full",
                isSelected ? "text-ink after:bg-accent" : "text-ink-3 hover:text-ink-2",
              )
            }
          >
            {tab.label}
            {tab.count !== undefined && <span className="tnum rounded-sm bg-neutral-soft px-1 text-2xs text-ink-2">{tab.count}</span>}
          </Tab>
        ))}
      </TabList>
      {tabs.map((tab) => (
        <TabPanel key={tab.id} id={tab.id} className={cx("outline-none", panelClassName)}>
          {tab.content}
        </TabPanel>
      ))}
    </AriaTabs>
  );
}
