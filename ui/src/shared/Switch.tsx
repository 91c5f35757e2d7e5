import { cx } from "./cx";

export function Switch({ label, isOn, onChange, disabledBecause, showLabel }: { label: string; isOn: boolean; onChange: (on: boolean) => void; disabledBecause?: string; showLabel?: boolean }) {
  return (
    <button
      type="button"
      role="switch"
      aria-checked={isOn}
      aria-label={label}
      disabled={disabledBecause !== undefined}
      title={disabledBecause}
      onClick={() => onChange(!isOn)}
      className="inline-flex items-center gap-2 align-middle disabled:opacity-50"
    >
      <span className={cx("flex h-[18px] w-8 items-center rounded-full p-0.5 transition-colors", isOn ? "bg-accent" : "bg-line-strong")}>
        <span className={cx("size-3.5 rounded-full bg-white shadow-sm transition-transform", isOn && "translate-x-3.5")} />
      </span>
      {showLabel && <span>{label}</span>}
    </button>
  );
}
