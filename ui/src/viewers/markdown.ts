// Markdown as a tree of plain values. No HTML ever comes out of it: what looks like a tag stays text, and links lead
// to web pages only, so nothing needs to be cleaned.

export type Inline =
  | { kind: "text"; text: string }
  | { kind: "code"; text: string }
  | { kind: "strong" | "emphasis" | "struck"; inside: Inline[] }
  | { kind: "link"; href: string; inside: Inline[] }
  | { kind: "image"; src: string; alt: string }
  | { kind: "break" };

export type Block =
  | { kind: "heading"; level: number; inside: Inline[] }
  | { kind: "paragraph"; inside: Inline[] }
  | { kind: "code"; language: string; text: string }
  | { kind: "quote"; blocks: Block[] }
  | { kind: "list"; isOrdered: boolean; start: number; items: Block[][] }
  | { kind: "table"; header: Inline[][]; align: ("left" | "center" | "right" | undefined)[]; rows: Inline[][][] }
  | { kind: "rule" };

/** Deeper quotes and lists are shown flat: nobody writes them, and they must not cost the page. */
const DEEPEST = 12;

export function parseMarkdown(text: string): Block[] {
  return blocks(text.replace(/\r\n?/g, "\n").split("\n"), 0);
}

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([^`]*)$/;
const HEADING = /^ {0,3}(#{1,6})(?:\s+(.*?))?\s*#*\s*$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])(\s+)(.*)$/;
const DIVIDER = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;

function blocks(lines: string[], depth: number): Block[] {
  const found: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at];
    const fence = FENCE.exec(line);
    const heading = HEADING.exec(line);
    if (line.trim() === "") at += 1;
    else if (fence !== null) at = fenced(lines, at, fence, found);
    else if (heading !== null) {
      found.push({ kind: "heading", level: heading[1].length, inside: inline(heading[2] ?? "") });
      at += 1;
    } else if (RULE.test(line)) {
      found.push({ kind: "rule" });
      at += 1;
    } else if (depth < DEEPEST && /^ {0,3}>/.test(line)) at = quote(lines, at, depth, found);
    else if (depth < DEEPEST && ITEM.test(line)) at = list(lines, at, depth, found);
    else if (line.includes("|") && at + 1 < lines.length && DIVIDER.test(lines[at + 1]) && lines[at + 1].includes("-")) at = table(lines, at, found);
    else at = paragraph(lines, at, depth, found);
  }
  return found;
}

function fenced(lines: string[], at: number, fence: RegExpExecArray, found: Block[]): number {
  const close = new RegExp(`^ {0,3}${fence[1][0]}{${fence[1].length},}\\s*$`);
  let end = at + 1;
  while (end < lines.length && !close.test(lines[end])) end += 1;
  found.push({ kind: "code", language: fence[2].trim(), text: lines.slice(at + 1, end).join("\n") });
  return end + 1;
}

function quote(lines: string[], at: number, depth: number, found: Block[]): number {
  let end = at;
  while (end < lines.length && /^ {0,3}>/.test(lines[end])) end += 1;
  found.push({ kind: "quote", blocks: blocks(lines.slice(at, end).map((line) => line.replace(/^ {0,3}> ?/, "")), depth + 1) });
  return end;
}

function list(lines: string[], at: number, depth: number, found: Block[]): number {
  const first = ITEM.exec(lines[at]) as RegExpExecArray;
  const isOrdered = /\d/.test(first[2]);
  const items: Block[][] = [];
  let end = at;
  while (end < lines.length) {
    const item = ITEM.exec(lines[end]);
    if (item === null || /\d/.test(item[2]) !== isOrdered || RULE.test(lines[end])) break;
    const indent = item[1].length + item[2].length + Math.min(item[3].length, 4);
    const inside = [item[4]];
    end += 1;
    while (end < lines.length) {
      const line = lines[end];
      const isDeeper = line.startsWith(" ".repeat(Math.min(indent, 2))) && line.trim() !== "" && /^\s/.test(line);
      if (line.trim() === "") {
        const next = lines[end + 1];
        if (next === undefined || !/^\s{2,}/.test(next)) break;
      } else if (!isDeeper) break;
      inside.push(line.slice(Math.min(indent, line.length - line.trimStart().length)));
      end += 1;
    }
    while (end < lines.length && lines[end].trim() === "" && ITEM.test(lines[end + 1] ?? "")) end += 1;
    items.push(blocks(inside, depth + 1));
  }
  found.push({ kind: "list", isOrdered, start: isOrdered ? Number.parseInt(first[2], 10) : 1, items });
  return end;
}

function table(lines: string[], at: number, found: Block[]): number {
  const header = cellsOf(lines[at]).map(inline);
  const align = cellsOf(lines[at + 1]).map((cell) => {
    const [left, right] = [cell.startsWith(":"), cell.endsWith(":")];
    return left && right ? "center" : right ? "right" : left ? "left" : undefined;
  });
  let end = at + 2;
  const rows: Inline[][][] = [];
  while (end < lines.length && lines[end].includes("|") && lines[end].trim() !== "") {
    rows.push(cellsOf(lines[end]).map(inline));
    end += 1;
  }
  found.push({ kind: "table", header, align, rows });
  return end;
}

function cellsOf(line: string): string[] {
  const inside = line.trim().replace(/^\|/, "").replace(/(?<!\\)\|$/, "");
  return inside.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}

function paragraph(lines: string[], at: number, depth: number, found: Block[]): number {
  let end = at + 1;
  const isStart = (line: string) =>
    FENCE.test(line) || HEADING.test(line) || RULE.test(line) || (depth < DEEPEST && (/^ {0,3}>/.test(line) || ITEM.test(line)));
  while (end < lines.length && lines[end].trim() !== "" && !isStart(lines[end])) {
    const under = /^ {0,3}(=+|-+)\s*$/.exec(lines[end]);
    if (under !== null) {
      found.push({ kind: "heading", level: under[1].startsWith("=") ? 1 : 2, inside: inline(lines.slice(at, end).join("\n")) });
      return end + 1;
    }
    end += 1;
  }
  found.push({ kind: "paragraph", inside: inline(lines.slice(at, end).map((line) => line.replace(/^ +/, "")).join("\n")) });
  return end;
}

const RULES: { sign: RegExp; make: (match: RegExpExecArray, depth: number) => Inline | undefined }[] = [
  { sign: /^(`+)([\s\S]*?[^`])\1(?!`)/, make: (match) => ({ kind: "code", text: match[2].replace(/^ (.*) $/, "$1") }) },
  { sign: /^!\[([^\]]*)\]\(\s*<?([^\s)>]+)>?[^)]*\)/, make: (match) => image(match[2], match[1]) },
  { sign: /^\[((?:[^[\]]|\[[^\]]*\])*)\]\(\s*<?([^\s)>]+)>?[^)]*\)/, make: (match, depth) => link(match[2], inline(match[1], depth + 1)) },
  { sign: /^<(https?:\/\/[^\s>]+)>/, make: (match) => link(match[1], [{ kind: "text", text: match[1] }]) },
  { sign: /^https?:\/\/[^\s<>)\]]*[^\s<>)\].,;:!?'"]/, make: (match) => link(match[0], [{ kind: "text", text: match[0] }]) },
  { sign: /^(\*\*|__)(?=\S)([\s\S]*?\S)\1/, make: (match, depth) => ({ kind: "strong", inside: inline(match[2], depth + 1) }) },
  { sign: /^~~(?=\S)([\s\S]*?\S)~~/, make: (match, depth) => ({ kind: "struck", inside: inline(match[1], depth + 1) }) },
  { sign: /^\*(?=\S)([^*]*?[^*\s])\*(?!\*)/, make: (match, depth) => ({ kind: "emphasis", inside: inline(match[1], depth + 1) }) },
  { sign: /^_(?=\S)([^_]*?[^_\s])_(?![\p{L}\p{N}_])/u, make: (match, depth) => ({ kind: "emphasis", inside: inline(match[1], depth + 1) }) },
  { sign: /^(?: {2,}|\\)\n/, make: () => ({ kind: "break" }) },
  { sign: /^\\([!-/:-@[-`{-~])/, make: (match) => ({ kind: "text", text: match[1] }) },
];

function inline(text: string, depth = 0): Inline[] {
  const found: Inline[] = [];
  let plain = "";
  const flush = () => {
    if (plain !== "") found.push({ kind: "text", text: plain });
    plain = "";
  };
  for (let at = 0; at < text.length; ) {
    const made = depth > DEEPEST || !"`![<h*_~\\ ".includes(text[at]) || isInWord(text, at) ? undefined : first(text.slice(at), depth);
    if (made === undefined) {
      plain += text[at];
      at += 1;
      continue;
    }
    flush();
    found.push(made.value);
    at += made.length;
  }
  flush();
  return found;
}

/** `snake_case` has no emphasis in it, and `xhttps://` is no link. */
function isInWord(text: string, at: number): boolean {
  return (text[at] === "_" || text[at] === "h") && at > 0 && /[\p{L}\p{N}_]/u.test(text[at - 1]);
}

function first(text: string, depth: number): { value: Inline; length: number } | undefined {
  for (const rule of RULES) {
    const match = rule.sign.exec(text);
    const value = match === null ? undefined : rule.make(match, depth);
    if (match !== null && value !== undefined) return { value, length: match[0].length };
  }
  return undefined;
}

function link(href: string, inside: Inline[]): Inline | undefined {
  return /^(https?:\/\/|mailto:)/i.test(href) ? { kind: "link", href, inside } : undefined;
}

/** Pictures come along in the document; others are links, since fetching one would tell a stranger who reads it. */
function image(src: string, alt: string): Inline | undefined {
  if (/^data:image\/(png|jpeg|gif|webp);base64,/i.test(src)) return { kind: "image", src, alt };
  return link(src, [{ kind: "text", text: alt || src }]);
}
