import { cx } from "./cx";

/** Chooses one of a few things that are all seen. */
export function Segments({ label, options, chosen, onChoose }: { label: string; options: { id: string; label: string; isDisabled?: boolean }[]; chosen: string; onChoose: (id: string) => void }) {
  return (
    <div role="radiogroup" aria-label={label} className="flex gap-1 self-start rounded-lg bg-sunken p-0.5 ring-1 ring-inset ring-line">
      {options.map((option) => (
        <button
          key={option.id}
          type="button"
          role="radio"
          aria-checked={option.id === chosen}
          disabled={option.isDisabled}
          onClick={() => onChoose(option.id)}
          className={cx("h-7 rounded-md px-3 font-medium disabled:opacity-50", option.id === chosen ? "bg-raised text-ink shadow-sm ring-1 ring-line" : "text-ink-3 hover:text-ink")}
        >
          {option.label}
        </button>
      ))}
    </div>
  );
}
