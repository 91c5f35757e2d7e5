import { useQuery, type UseQueryOptions } from "@tanstack/react-query";
import { ChevronsUpDown, Search } from "lucide-react";
import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { Dialog, DialogTrigger, Popover, Button as AriaButton } from "react-aria-components";
import { messageOf } from "@/api/client";
import type { Page } from "@/api/types";
import { cx } from "./cx";
import { Spinner } from "./Spinner";

export interface PickerProps<T> {
  label: string;
  /** What is chosen, as shown on the button. */
  value: ReactNode | undefined;
  placeholder: string;
  /** The list for a search text; the server filters. */
  // biome-ignore lint: the key of a query is its own business
  load: (text: string) => UseQueryOptions<Page<T>, Error, Page<T>, any>;
  itemKey: (item: T) => string;
  itemName: (item: T) => string;
  itemAside?: (item: T) => ReactNode;
  chosen?: string;
  onChoose: (item: T) => void;
  /** Below the list, such as a way to make a new one. */
  footer?: (close: () => void, text: string) => ReactNode;
  id?: string;
  isInvalid?: boolean;
  isDisabled?: boolean;
}

/** Chooses one thing of many: opens a list with a search box; arrows and Enter work from the box. */
export function Picker<T>(props: PickerProps<T>) {
  const { label, value, placeholder, id, isInvalid, isDisabled } = props;
  const [isOpen, setOpen] = useState(false);
  return (
    <DialogTrigger isOpen={isOpen} onOpenChange={setOpen}>
      <AriaButton
        id={id}
        isDisabled={isDisabled}
        aria-label={`${label}: ${typeof value === "string" ? value : value === undefined ? "none chosen" : "chosen"}`}
        className={cx(
          "flex h-8 w-full items-center justify-between gap-2 rounded-md bg-surface px-2.5 text-left ring-1 ring-inset hover:ring-ink-3/60 disabled:opacity-50",
          isInvalid ? "ring-failed" : "ring-line-strong",
        )}
      >
        <span className={cx("min-w-0 flex-1 truncate", value === undefined && "text-ink-3")}>{value ?? placeholder}</span>
        <ChevronsUpDown size={14} className="shrink-0 text-ink-3" aria-hidden />
      </AriaButton>
      <Popover placement="bottom start" offset={4} className="w-(--trigger-width) min-w-72 rounded-lg bg-raised shadow-pop outline-none animate-[appear_100ms]">
        <Dialog aria-label={label} className="flex max-h-80 flex-col outline-none">
          <Choices {...props} close={() => setOpen(false)} />
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

function Choices<T>({ label, load, itemKey, itemName, itemAside, chosen, onChoose, footer, close }: PickerProps<T> & { close: () => void }) {
  const [text, setText] = useState("");
  const [settled, setSettled] = useState("");
  const [active, setActive] = useState(0);
  const listId = useId();
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), 150);
    return () => clearTimeout(timer);
  }, [text]);
  const { data, error, isPending } = useQuery(load(settled));
  const items = data?.items ?? [];
  const current = Math.min(active, Math.max(0, items.length - 1));
  const choose = (item: T) => {
    onChoose(item);
    close();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      const next = Math.max(0, Math.min(items.length - 1, current + step));
      setActive(next);
      list.current?.children[next]?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && items[current] !== undefined) {
      event.preventDefault();
      choose(items[current]);
    }
  };
  return (
    <>
      <label className="flex items-center gap-2 border-b border-line px-3">
        <Search size={14} className="text-ink-3" aria-hidden />
        <input
          autoFocus
          role="combobox"
          aria-label={`Search: ${label}`}
          aria-expanded
          aria-controls={listId}
          aria-activedescendant={items.length > 0 ? `${listId}-${current}` : undefined}
          value={text}
          onChange={(event) => (setText(event.target.value), setActive(0))}
          onKeyDown={onKeyDown}
          placeholder="Search"
          className="h-9 flex-1 bg-transparent outline-none placeholder:text-ink-3"
        />
        {isPending && <Spinner />}
      </label>
      <div ref={list} id={listId} role="listbox" aria-label={label} className="min-h-0 flex-1 overflow-y-auto p-1">
        {items.map((item, index) => (
          <div
            key={itemKey(item)}
            id={`${listId}-${index}`}
            role="option"
            aria-selected={itemKey(item) === chosen}
            onPointerMove={() => setActive(index)}
            onClick={() => choose(item)}
            className={cx("flex min-h-8 items-center gap-2 rounded-md px-2 py-1", index === current && "bg-hover")}
          >
            <span className="min-w-0 flex-1 truncate">{itemName(item)}</span>
            {itemAside && <span className="shrink-0 text-xs text-ink-3">{itemAside(item)}</span>}
            {itemKey(item) === chosen && <span aria-hidden>✓</span>}
          </div>
        ))}
      </div>
      {items.length === 0 && !isPending && <p className="px-3 pb-3 text-ink-3">{error ? messageOf(error) : "Nothing found."}</p>}
      {footer && <div className="border-t border-line p-1">{footer(close, text)}</div>}
    </>
  );
}
