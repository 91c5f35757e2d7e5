import { cx } from "./cx";

const isMac = /mac|iphone|ipad/i.test(navigator.platform);

/** Keys to press, written as on this machine's keyboard: `mod+k`, `g r`. */
export function Keys({ keys, inverse }: { keys: string; inverse?: boolean }) {
  return (
    <span className="inline-flex gap-0.5" aria-hidden>
      {keys.split(" ").map((chord) => (
        <kbd
          key={chord}
          className={cx(
            "inline-flex h-[18px] min-w-[18px] items-center justify-center rounded-sm px-1 font-sans text-2xs",
            inverse ? "bg-canvas/15 text-canvas" : "bg-surface text-ink-3 ring-1 ring-inset ring-line",
          )}
        >
          {chord.split("+").map(name).join(isMac ? "" : "+")}
        </kbd>
      ))}
    </span>
  );
}

function name(key: string): string {
  if (key === "mod") return isMac ? "⌘" : "Ctrl";
  if (key === "shift") return isMac ? "⇧" : "Shift";
  if (key === "enter") return "↵";
  return key.length === 1 ? key.toUpperCase() : key;
}
