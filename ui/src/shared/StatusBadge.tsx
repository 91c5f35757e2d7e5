import { cx } from "./cx";
import { lookOf, toneSoft, toneText, type Shape } from "./status";

/** The shape of a state alone; beside it there must be its word, here or in a label. */
export function StatusIcon({ state, size = 14, label }: { state: string | undefined; size?: number; label?: string }) {
  const look = lookOf(state);
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      className={cx("shrink-0", toneText[look.tone], look.shape === "arc" && "animate-[spin_1.4s_linear_infinite]")}
      {...(label === undefined ? { "aria-hidden": true } : { role: "img", "aria-label": label })}
    >
      {shapes[look.shape]}
    </svg>
  );
}

/** A state as shape, colour and word. */
export function StatusBadge({ state, plain }: { state: string | undefined; plain?: boolean }) {
  const look = lookOf(state);
  return (
    <span
      className={cx(
        "inline-flex items-center gap-1.5 align-middle font-medium whitespace-nowrap",
        toneText[look.tone],
        !plain && cx("h-[22px] rounded-full pr-2 pl-1.5 text-xs", toneSoft[look.tone]),
      )}
    >
      <StatusIcon state={state} />
      {look.word}
    </span>
  );
}

const line = { stroke: "currentColor", strokeWidth: 1.8, strokeLinecap: "round", strokeLinejoin: "round" } as const;
const cut = { stroke: "var(--surface)", strokeWidth: 1.7, strokeLinecap: "round", strokeLinejoin: "round" } as const;
const disc = <circle cx="8" cy="8" r="7" fill="currentColor" />;

const shapes: Record<Shape, React.ReactNode> = {
  check: (
    <>
      {disc}
      <path d="m5 8.2 2.1 2.1L11 6.2" {...cut} />
    </>
  ),
  cross: (
    <>
      <rect x="1.5" y="1.5" width="13" height="13" rx="3.5" fill="currentColor" />
      <path d="m5.7 5.7 4.6 4.6m0-4.6-4.6 4.6" {...cut} />
    </>
  ),
  arc: (
    <>
      <circle cx="8" cy="8" r="5.8" {...line} strokeOpacity="0.25" />
      <path d="M8 2.2A5.8 5.8 0 0 1 13.8 8" {...line} />
    </>
  ),
  clock: (
    <>
      <circle cx="8" cy="8" r="5.8" {...line} strokeDasharray="2.4 2.4" />
      <circle cx="8" cy="8" r="1.4" fill="currentColor" />
    </>
  ),
  stop: (
    <>
      {disc}
      <path d="M5.4 8h5.2" {...cut} />
    </>
  ),
  skip: (
    <>
      <circle cx="8" cy="8" r="5.8" {...line} />
      <path d="m6 5.6 2.6 2.4L6 10.4M10.4 5.8v4.4" {...line} strokeWidth="1.4" />
    </>
  ),
  slash: (
    <>
      <circle cx="8" cy="8" r="5.8" {...line} />
      <path d="m4.2 11.8 7.6-7.6" {...line} />
    </>
  ),
  bolt: (
    <>
      {disc}
      <path d="M8.8 3.8 5.4 8.7h2.4l-.6 3.5 3.4-4.9H8.2z" fill="var(--surface)" />
    </>
  ),
  pause: (
    <>
      {disc}
      <path d="M6.4 5.6v4.8M9.6 5.6v4.8" {...cut} />
    </>
  ),
  dot: <circle cx="8" cy="8" r="4" fill="currentColor" />,
};
