import { useMemo, type ReactNode } from "react";
import { type Block, type Inline, parseMarkdown } from "./markdown";

/** Markdown as elements: built from values, never from markup. */
export function MarkdownView({ text }: { text: string }) {
  const blocks = useMemo(() => parseMarkdown(text), [text]);
  return <div className="max-w-3xl space-y-3 break-words text-ink-2">{blocks.map(block)}</div>;
}

const HEADINGS = ["text-xl", "text-lg", "text-base", "text-sm", "text-sm", "text-sm"];

function block(value: Block, key: number): ReactNode {
  switch (value.kind) {
    case "heading": {
      // A report stands inside a page that has its own headings.
      const Heading = `h${Math.min(6, value.level + 2)}` as "h3";
      return (
        <Heading key={key} className={`${HEADINGS[value.level - 1]} pt-1 font-semibold text-ink`}>
          {value.inside.map(inline)}
        </Heading>
      );
    }
    case "paragraph":
      return <p key={key}>{value.inside.map(inline)}</p>;
    case "code":
      return (
        <pre key={key} tabIndex={0} aria-label={value.language === "" ? "Code" : `Code, ${value.language}`} className="overflow-auto rounded-lg bg-sunken p-3 font-mono text-xs ring-1 ring-line ring-inset">
          {value.text}
        </pre>
      );
    case "quote":
      return (
        <blockquote key={key} className="space-y-2 border-l-2 border-line-strong pl-3 text-ink-3">
          {value.blocks.map(block)}
        </blockquote>
      );
    case "list": {
      const items = value.items.map((item, index) => <li key={index}>{item.length === 1 && item[0].kind === "paragraph" ? item[0].inside.map(inline) : item.map(block)}</li>);
      if (!value.isOrdered) return <ul key={key} className="list-disc space-y-1 pl-5">{items}</ul>;
      return (
        <ol key={key} start={value.start} className="list-decimal space-y-1 pl-5">
          {items}
        </ol>
      );
    }
    case "table":
      return (
        <div key={key} className="overflow-x-auto">
          <table className="border-separate border-spacing-0 text-left text-xs">
            <thead>
              <tr>
                {value.header.map((cell, index) => (
                  <th key={index} style={{ textAlign: value.align[index] }} className="border-b border-line-strong px-3 py-1.5 font-medium text-ink">
                    {cell.map(inline)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {value.rows.map((row, index) => (
                <tr key={index}>
                  {row.map((cell, column) => (
                    <td key={column} style={{ textAlign: value.align[column] }} className="border-b border-line px-3 py-1.5">
                      {cell.map(inline)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      );
    case "rule":
      return <hr key={key} className="border-line" />;
  }
}

function inline(value: Inline, key: number): ReactNode {
  switch (value.kind) {
    case "text":
      return value.text;
    case "code":
      return (
        <code key={key} className="rounded-sm bg-neutral-soft px-1 font-mono text-[0.92em] text-ink">
          {value.text}
        </code>
      );
    case "strong":
      return <strong key={key} className="text-ink">{value.inside.map(inline)}</strong>;
    case "emphasis":
      return <em key={key}>{value.inside.map(inline)}</em>;
    case "struck":
      return <s key={key}>{value.inside.map(inline)}</s>;
    case "link":
      return (
        <a key={key} href={value.href} target="_blank" rel="noreferrer noopener" className="link">
          {value.inside.map(inline)}
        </a>
      );
    case "image":
      return <img key={key} src={value.src} alt={value.alt} className="max-w-full" />;
    case "break":
      return <br key={key} />;
  }
}
