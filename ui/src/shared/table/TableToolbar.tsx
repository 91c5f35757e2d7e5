import { Columns3, Search } from "lucide-react";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { IconButton } from "../Button";
import { Menu } from "../Menu";
import type { Column } from "./columns";
import type { TableState } from "./state";

const SETTLED_AFTER = 300;

export interface TableToolbarProps<T> {
  state: TableState;
  columns: Column<T>[];
  /** What the filter box looks for. */
  placeholder: string;
  /** Further filters, after the box. */
  children?: ReactNode;
  /** At the right end, before the columns. */
  end?: ReactNode;
}

export function TableToolbar<T>({ state, columns, placeholder, children, end }: TableToolbarProps<T>) {
  const optional = columns.filter((column) => !column.isFixed);
  return (
    <div className="flex min-h-12 shrink-0 flex-wrap items-center gap-2 border-b border-line px-4 py-2">
      <FilterBox state={state} placeholder={placeholder} />
      {children}
      <span className="flex-1" />
      {end}
      {optional.length > 0 && (
        <Menu
          label="Columns"
          trigger={<IconButton label="Columns" icon={<Columns3 size={15} />} />}
          entries={optional.map((column) => ({
            id: column.id,
            label: column.header,
            isChecked: !state.hidden.has(column.id),
            onAction: () => state.toggleColumn(column.id),
          }))}
        />
      )}
    </div>
  );
}

/** Filters once typing has paused; `/` goes to it from anywhere on the page. */
function FilterBox({ state, placeholder }: { state: TableState; placeholder: string }) {
  const [text, setText] = useState(state.filter);
  const input = useRef<HTMLInputElement>(null);
  const [known, setKnown] = useState(state.filter);
  if (known !== state.filter) {
    // The URL changed by other means, such as the Back button.
    setKnown(state.filter);
    setText(state.filter);
  }
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const change = (next: string) => {
    setText(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      setKnown(next);
      state.setFilter(next);
    }, SETTLED_AFTER);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      const isTyping = (event.target as Element).closest?.("input, textarea, [contenteditable], [role=dialog]");
      if (event.key !== "/" || isTyping || event.metaKey || event.ctrlKey) return;
      event.preventDefault();
      input.current?.focus();
    };
    document.addEventListener("keydown", focus);
    return () => document.removeEventListener("keydown", focus);
  }, []);
  return (
    <label className="relative flex w-64 max-w-full items-center">
      <Search size={14} className="absolute left-2.5 text-ink-3" aria-hidden />
      <span className="sr-only">{placeholder}</span>
      <input
        ref={input}
        type="search"
        value={text}
        placeholder={placeholder}
        onChange={(event) => change(event.target.value)}
        onKeyDown={(event) => event.key === "Escape" && (change(""), event.currentTarget.blur())}
        className="h-8 w-full rounded-md bg-surface pr-2 pl-8 ring-1 ring-inset ring-line placeholder:text-ink-3 hover:ring-line-strong"
      />
    </label>
  );
}
