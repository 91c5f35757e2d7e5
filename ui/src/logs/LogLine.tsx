import { memo, type ReactNode } from "react";
import { cx } from "@/shared/cx";
import { type Piece, pieces, plainText, severity, type Style } from "./ansi";
import { LINE_HEIGHT } from "./scroll";

/** More of a line than this is not shown in the list. */
const SHOWN = 4_000;

export interface LogLineProps {
  text: string;
  /** What is looked for, in lower case. */
  wanted: string;
  isCurrent: boolean;
}

/** Knows nothing of where it stands, so that scrolling renders only the lines that come into sight. */
export const LogLine = memo(function LogLine({ text, wanted, isCurrent }: LogLineProps) {
  const level = severity(plainText(text));
  const shown = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  return (
    <div
      style={{ height: LINE_HEIGHT }}
      className={cx(
        "w-max min-w-full border-l-2 pr-6 pl-2.5 leading-[19px] whitespace-pre",
        isCurrent ? "border-accent bg-accent-soft" : level === "error" ? "border-failed bg-failed-soft" : level === "warning" ? "border-warning bg-warning-soft" : "border-transparent",
      )}
    >
      {pieces(shown).map((piece, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a line never change their order
        <Styled key={index} piece={piece} wanted={wanted} />
      ))}
    </div>
  );
});

function Styled({ piece, wanted }: { piece: Piece; wanted: string }) {
  const { foreground, background } = piece.style;
  const inline = {
    color: typeof foreground === "string" ? foreground : undefined,
    backgroundColor: typeof background === "string" ? background : undefined,
  };
  return (
    <span className={classOf(piece.style)} style={inline}>
      {linked(piece.text, wanted)}
    </span>
  );
}

/** The terminal's sixteen colours as the theme's own, so that they can be read in both. */
const COLOURS = [
  "text-ink-3",
  "text-failed",
  "text-succeeded",
  "text-warning",
  "text-running",
  "text-accent-ink",
  "text-cached",
  "text-ink-2",
  "text-ink-3",
  "text-failed",
  "text-succeeded",
  "text-warning",
  "text-running",
  "text-accent-ink",
  "text-cached",
  "text-ink",
];
const GROUNDS = ["bg-neutral-soft", "bg-failed-soft", "bg-succeeded-soft", "bg-warning-soft", "bg-running-soft", "bg-accent-soft", "bg-cached-soft", "bg-neutral-soft"];

function classOf(style: Style): string {
  return cx(
    typeof style.foreground === "number" && COLOURS[style.foreground],
    typeof style.background === "number" && GROUNDS[style.background % 8],
    style.isBold && "font-semibold",
    style.isFaint && "opacity-70",
    style.isItalic && "italic",
    style.isUnderlined && "underline",
  );
}

const ADDRESS = /(https?:\/\/[^\s<>"')\]]+[^\s<>"')\].,;:])/;

function linked(text: string, wanted: string): ReactNode {
  if (!text.includes("http")) return marked(text, wanted);
  return text.split(ADDRESS).map((part, index) =>
    index % 2 === 1 ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: as above
      <a key={index} href={part} target="_blank" rel="noreferrer noopener" className="underline">
        {part}
      </a>
    ) : (
      marked(part, wanted)
    ),
  );
}

function marked(text: string, wanted: string): ReactNode {
  if (wanted === "" || !text.toLowerCase().includes(wanted)) return text;
  const found: ReactNode[] = [];
  let from = 0;
  for (let at = text.toLowerCase().indexOf(wanted); at >= 0; at = text.toLowerCase().indexOf(wanted, from)) {
    found.push(text.slice(from, at));
    found.push(
      <mark key={at} className="rounded-xs bg-warning-soft text-inherit ring-1 ring-warning">
        {text.slice(at, at + wanted.length)}
      </mark>,
    );
    from = at + wanted.length;
  }
  found.push(text.slice(from));
  return found;
}
