import type { ReactElement, ReactNode } from "react";
import { Menu as AriaMenu, MenuItem, MenuTrigger, Popover, Separator } from "react-aria-components";
import { cx } from "./cx";
import { READ_ONLY, useMayEdit } from "./EditorOnly";
import { Keys } from "./Keys";

export interface MenuEntry {
  id: string;
  label: string;
  icon?: ReactNode;
  shortcut?: string;
  isDangerous?: boolean;
  /** Viewers see it and cannot choose it. */
  isChange?: boolean;
  /** Why it cannot be chosen now; shown below the label. */
  disabledBecause?: string;
  isChecked?: boolean;
  onAction: () => void;
}

export interface MenuProps {
  label: string;
  trigger: ReactElement;
  entries: (MenuEntry | null | false)[];
  /** For what is read only when somebody looks. */
  onOpen?: () => void;
}

/** Entries in groups; `null` draws a line. The trigger is a Button or an IconButton. */
export function Menu({ label, trigger, entries, onOpen }: MenuProps) {
  const mayEdit = useMayEdit();
  const shown = entries
    .filter((entry) => entry !== false)
    .map((entry) => (entry?.isChange && !mayEdit ? { ...entry, disabledBecause: READ_ONLY } : entry));
  return (
    <MenuTrigger onOpenChange={(isOpen) => isOpen && onOpen?.()}>
      {trigger}
      <Popover placement="bottom end" offset={4} className="min-w-48 rounded-lg bg-raised p-1 shadow-pop animate-[appear_100ms] outline-none">
        <AriaMenu aria-label={label} className="max-h-[60vh] overflow-auto outline-none">
          {shown.map((entry, index) =>
            entry === null ? (
              <Separator key={`line-${index}`} className="my-1 h-px bg-line" />
            ) : (
              <MenuItem
                key={entry.id}
                id={entry.id}
                textValue={entry.label}
                isDisabled={entry.disabledBecause !== undefined}
                onAction={entry.onAction}
                className={({ isFocused, isDisabled }) =>
                  cx(
                    "flex min-h-8 items-center gap-2 rounded-md px-2 py-1 outline-none",
                    entry.isDangerous ? "text-failed" : "text-ink",
                    isFocused && "bg-hover",
                    isDisabled && "opacity-60",
                  )
                }
              >
                {entry.icon !== undefined && <span className="flex w-4 justify-center text-ink-3">{entry.icon}</span>}
                <span className="flex-1">
                  {entry.label}
                  {entry.disabledBecause && <span className="block max-w-64 text-xs text-ink-3">{entry.disabledBecause}</span>}
                </span>
                {entry.isChecked && <span aria-label="chosen">✓</span>}
                {entry.shortcut && <Keys keys={entry.shortcut} />}
              </MenuItem>
            ),
          )}
        </AriaMenu>
      </Popover>
    </MenuTrigger>
  );
}
