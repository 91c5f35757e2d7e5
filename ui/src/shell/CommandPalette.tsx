import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { CalendarClock, FlaskConical, Moon, Play, Plus, Search, Sun, Upload, Workflow } from "lucide-react";
import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { Dialog, Modal, ModalOverlay } from "react-aria-components";
import { contains } from "@/api/filter";
import { listExperiments, listRecurringRuns, listRuns, listUsablePipelines } from "@/api/queries";
import { cx } from "@/shared/cx";
import { useMayEdit } from "@/shared/EditorOnly";
import { Keys } from "@/shared/Keys";
import { StatusIcon } from "@/shared/StatusBadge";
import { setTheme, useIsDark } from "@/shared/theme";
import { parseTime, relativeText } from "@/shared/time";
import { rank } from "./rank";
import { groups } from "./Sidebar";

interface Item {
  id: string;
  group: string;
  label: string;
  icon: ReactNode;
  aside?: string;
  keys?: string;
  perform: () => void;
}

/** Goes anywhere and finds anything by typing. */
export default function CommandPalette({ onClose }: { onClose: () => void }) {
  return (
    <ModalOverlay
      isOpen
      isDismissable
      onOpenChange={(open) => !open && onClose()}
      className="fixed inset-0 z-40 flex justify-center bg-black/35 p-4 pt-[12vh] animate-[appear_80ms] dark:bg-black/60"
    >
      <Modal className="h-fit w-full max-w-xl rounded-xl bg-raised shadow-dialog animate-[rise_120ms_ease-out]">
        <Dialog aria-label="Search and commands" className="flex max-h-[64vh] flex-col outline-none">
          <Body onClose={onClose} />
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function Body({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  const [active, setActive] = useState(0);
  const listId = useId();
  const list = useRef<HTMLDivElement>(null);
  const { items, isSearching } = useItems(text);
  const current = Math.min(active, Math.max(0, items.length - 1));
  const perform = (item: Item) => {
    onClose();
    item.perform();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && items.length > 0) {
      event.preventDefault();
      const next = (current + step + items.length) % items.length;
      setActive(next);
      list.current?.querySelector(`[data-index="${next}"]`)?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && items[current]) {
      event.preventDefault();
      perform(items[current]);
    }
  };
  return (
    <>
      <label className="flex items-center gap-3 border-b border-line px-4">
        <Search size={16} className="text-ink-3" aria-hidden />
        <input
          autoFocus
          role="combobox"
          aria-label="Search runs, pipelines and commands"
          aria-expanded
          aria-controls={listId}
          aria-activedescendant={items.length > 0 ? `${listId}-${current}` : undefined}
          value={text}
          onChange={(event) => (setText(event.target.value), setActive(0))}
          onKeyDown={onKeyDown}
          placeholder="Search runs, pipelines and commands"
          className="h-12 flex-1 bg-transparent text-base outline-none placeholder:text-ink-3"
        />
        <Keys keys="esc" />
      </label>
      <div ref={list} id={listId} role="listbox" aria-label="Results" className="min-h-0 overflow-y-auto p-1.5">
        {items.map((item, index) => (
          <div key={item.id} role="presentation">
            {item.group !== items[index - 1]?.group && (
              <div role="presentation" className="px-2.5 pt-2 pb-1 text-2xs font-medium text-ink-3">
                {item.group}
              </div>
            )}
            <div
              id={`${listId}-${index}`}
              data-index={index}
              role="option"
              aria-selected={index === current}
              onPointerMove={() => setActive(index)}
              onClick={() => perform(item)}
              className={cx("flex h-9 items-center gap-2.5 rounded-md px-2.5", index === current && "bg-hover")}
            >
              <span className="flex w-4 justify-center text-ink-3">{item.icon}</span>
              <span className="min-w-0 flex-1 truncate">{item.label}</span>
              {item.aside && <span className="text-xs text-ink-3">{item.aside}</span>}
              {item.keys && <Keys keys={item.keys} />}
            </div>
          </div>
        ))}
        {items.length === 0 && <p className="px-2.5 py-6 text-center text-ink-3">{isSearching ? "Searching…" : `Nothing is called “${text}”.`}</p>}
      </div>
    </>
  );
}

const FOUND = 5;
const SETTLED_AFTER = 150;

function useItems(text: string): { items: Item[]; isSearching: boolean } {
  const navigate = useNavigate();
  const isDark = useIsDark();
  const mayEdit = useMayEdit();
  const [settled, setSettled] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text.trim()), SETTLED_AFTER);
    return () => clearTimeout(timer);
  }, [text]);
  const by = (key: string) => ({ pageSize: FOUND, sortBy: "created_at desc", predicates: [settled !== "" && contains(key, settled)] });
  const enabled = settled !== "";
  const runs = useQuery(listRuns(by("name")));
  const pipelines = useQuery({ ...listUsablePipelines(by("display_name")), enabled });
  const experiments = useQuery({ ...listExperiments(by("display_name")), enabled });
  const recurring = useQuery({ ...listRecurringRuns(by("display_name")), enabled });

  const go = (to: string, search: Record<string, string> = {}, params: Record<string, string> = {}) =>
    void navigate({ to: to as "/", search: search as never, params: params as never });
  const ago = (time: string) => relativeText(parseTime(time) ?? 0, Date.now());
  const making: Item[] = [
    { id: "new-run", group: "Commands", label: "New run", icon: <Plus size={15} />, keys: "g n", perform: () => go("/runs/new") },
    { id: "new-recurring", group: "Commands", label: "New recurring run", icon: <CalendarClock size={15} />, perform: () => go("/runs/new", { recurring: "1" }) },
    { id: "upload", group: "Commands", label: "Upload a pipeline", icon: <Upload size={15} />, keys: "g u", perform: () => go("/pipeline_versions/new") },
    { id: "new-experiment", group: "Commands", label: "New experiment", icon: <FlaskConical size={15} />, perform: () => go("/experiments/new") },
  ];
  const commands: Item[] = [
    ...(mayEdit ? making : []),
    {
      id: "failed",
      group: "Commands",
      label: "Failed runs",
      icon: <StatusIcon state="FAILED" />,
      perform: () => go("/runs", { state: "FAILED" }),
    },
    { id: "running", group: "Commands", label: "Runs that are running", icon: <StatusIcon state="RUNNING" />, perform: () => go("/runs", { state: "RUNNING" }) },
    {
      id: "theme",
      group: "Commands",
      label: isDark ? "Light theme" : "Dark theme",
      icon: isDark ? <Sun size={15} /> : <Moon size={15} />,
      perform: () => setTheme(isDark ? "light" : "dark"),
    },
  ];
  const pages: Item[] = groups.flatMap((group) =>
    group.entries.map((entry) => ({ id: entry.to, group: "Go to", label: entry.label, icon: entry.icon, keys: entry.keys, perform: () => go(entry.to) })),
  );
  const found: Item[] = [
    ...(runs.data?.items ?? []).map((run) => ({
      id: run.run_id,
      group: enabled ? "Runs" : "Recent runs",
      label: run.display_name,
      icon: <StatusIcon state={run.state} />,
      aside: ago(run.created_at),
      perform: () => go("/runs/details/$runId", {}, { runId: run.run_id }),
    })),
    ...(enabled ? (pipelines.data?.items ?? []) : []).map((pipeline) => ({
      id: pipeline.pipeline_id,
      group: "Pipelines",
      label: pipeline.display_name,
      icon: <Workflow size={15} />,
      perform: () => go("/pipelines/details/$pipelineId", {}, { pipelineId: pipeline.pipeline_id }),
    })),
    ...(enabled ? (experiments.data?.items ?? []) : []).map((experiment) => ({
      id: experiment.experiment_id,
      group: "Experiments",
      label: experiment.display_name,
      icon: <FlaskConical size={15} />,
      perform: () => go("/experiments/details/$experimentId", {}, { experimentId: experiment.experiment_id }),
    })),
    ...(enabled ? (recurring.data?.items ?? []) : []).map((item) => ({
      id: item.recurring_run_id,
      group: "Recurring runs",
      label: item.display_name,
      icon: <CalendarClock size={15} />,
      perform: () => go("/recurringrun/details/$recurringRunId", {}, { recurringRunId: item.recurring_run_id }),
    })),
  ];
  // A pasted id opens its run at once.
  const pasted = /^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(settled)
    ? [{ id: "pasted", group: "Go to", label: `Run ${settled}`, icon: <Play size={15} />, perform: () => go("/runs/details/$runId", {}, { runId: settled }) }]
    : [];
  const isSearching = settled !== text.trim() || (enabled && runs.isFetching);
  const items = grouped(text.trim() === "" ? [...found, ...commands, ...pages] : [...pasted, ...rank([...commands, ...pages], text), ...found]);
  return { items, isSearching };
}

/** Keeps what belongs together together; the group of the best item comes first. */
function grouped(items: Item[]): Item[] {
  const order = [...new Set(items.map((item) => item.group))];
  return order.flatMap((group) => items.filter((item) => item.group === group));
}
