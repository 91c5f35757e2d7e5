// Terminal colours in a line of text. Styles are names, so that themes decide what they look like.

export interface Style {
  /** 0 to 15: the terminal's palette; or a colour in full. */
  foreground?: number | string;
  background?: number | string;
  isBold?: boolean;
  isFaint?: boolean;
  isItalic?: boolean;
  isUnderlined?: boolean;
}

export interface Piece {
  text: string;
  style: Style;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
const SEQUENCE = /\u001b\[([0-9;:]*)([A-Za-z])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[()][A-Za-z0-9]|\u001b[=>78cDEHMNOZ]/g;

const PLAIN: Style = {};

/** Cuts a line into pieces of one style each; other escape sequences are left out. What a carriage return would have
 * written over is gone, as on a terminal. */
export function pieces(line: string): Piece[] {
  const text = overwritten(line);
  if (!text.includes("\u001b")) return [{ text, style: PLAIN }];
  const found: Piece[] = [];
  let style: Style = PLAIN;
  let from = 0;
  for (const match of text.matchAll(SEQUENCE)) {
    if (match.index > from) found.push({ text: text.slice(from, match.index), style });
    from = match.index + match[0].length;
    if (match[2] === "m") style = styled(style, match[1]);
  }
  if (from < text.length) found.push({ text: text.slice(from), style });
  return found;
}

/** Returns what a reader sees of a line, without colours. */
export function plainText(line: string): string {
  return overwritten(line).replace(SEQUENCE, "");
}

/** A progress bar writes its line again and again; only the last writing counts. */
function overwritten(line: string): string {
  const end = line.endsWith("\r") ? line.length - 1 : line.length;
  const start = line.lastIndexOf("\r", end - 1);
  return line.slice(start + 1, end);
}

function styled(before: Style, codes: string): Style {
  const numbers = codes === "" ? [0] : codes.split(/[;:]/).map((code) => (code === "" ? 0 : Number(code)));
  let style: Style = { ...before };
  for (let at = 0; at < numbers.length; at++) {
    const code = numbers[at];
    if (code === 0) style = {};
    else if (code === 1) style.isBold = true;
    else if (code === 2) style.isFaint = true;
    else if (code === 3) style.isItalic = true;
    else if (code === 4) style.isUnderlined = true;
    else if (code === 22) style = { ...style, isBold: undefined, isFaint: undefined };
    else if (code === 23) style.isItalic = undefined;
    else if (code === 24) style.isUnderlined = undefined;
    else if (code >= 30 && code <= 37) style.foreground = code - 30;
    else if (code >= 90 && code <= 97) style.foreground = code - 82;
    else if (code === 39) style.foreground = undefined;
    else if (code >= 40 && code <= 47) style.background = code - 40;
    else if (code >= 100 && code <= 107) style.background = code - 92;
    else if (code === 49) style.background = undefined;
    else if (code === 38 || code === 48) {
      const [colour, used] = extended(numbers.slice(at + 1));
      if (code === 38) style.foreground = colour;
      else style.background = colour;
      at += used;
    }
  }
  return style;
}

function extended(rest: number[]): [colour: number | string | undefined, used: number] {
  if (rest[0] === 5) return [indexed(rest[1] ?? 0), 2];
  if (rest[0] === 2) return [`rgb(${byte(rest[1])} ${byte(rest[2])} ${byte(rest[3])})`, 4];
  return [undefined, 1];
}

function indexed(code: number): number | string {
  if (code < 16) return code;
  if (code >= 232) {
    const grey = 8 + 10 * (code - 232);
    return `rgb(${byte(grey)} ${byte(grey)} ${byte(grey)})`;
  }
  const step = (part: number) => (part === 0 ? 0 : 55 + 40 * part);
  const at = code - 16;
  return `rgb(${step(Math.floor(at / 36))} ${step(Math.floor(at / 6) % 6)} ${step(at % 6)})`;
}

function byte(value: number | undefined): number {
  return Math.max(0, Math.min(255, Math.trunc(value ?? 0)));
}

/** What a line is about, by its words: for the mark at its side. */
export function severity(line: string): "error" | "warning" | undefined {
  const start = line.slice(0, 400);
  if (/\b(ERROR|FATAL|CRITICAL|Traceback|panic(ked)?)\b|^\s*\w*(Error|Exception)\b(:|$)|\berror:/.test(start)) return "error";
  return /\b(WARN|WARNING)\b|\bwarning:|\w+Warning:/.test(start) ? "warning" : undefined;
}
