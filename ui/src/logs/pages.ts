// A log of any size as lines around a place, read in pieces by byte ranges. It keeps a few pieces and knows nothing of
// the rest: the first screen of a log of 200 MB costs as much as that of a small one.

/** Reads the bytes from `from` on, up to `to`, not more than there are. */
export type ReadRange = (from: number, to: number, signal?: AbortSignal) => Promise<Uint8Array>;

export interface Line {
  /** Where it begins, in bytes. */
  offset: number;
  /** Where the next one begins. */
  end: number;
  text: string;
}

export const PIECE = 128 * 1024;
/** A line without an end is cut here, so that one cannot fill the memory. */
export const LONGEST_LINE = 64 * 1024;
const KEPT = 48;

const decoder = new TextDecoder("utf-8");

export class LogPages {
  size: number;
  private readonly pieces = new Map<number, Uint8Array>();
  private readonly loading = new Map<number, Promise<void>>();

  constructor(
    private readonly read: ReadRange,
    size: number,
  ) {
    this.size = size;
  }

  /** The log has grown: the last piece is read again when it was not full. */
  grow(size: number): void {
    if (size <= this.size) return;
    this.pieces.delete(Math.floor(this.size / PIECE));
    this.size = size;
  }

  /** Takes bytes that were streamed, at the end of what is known. */
  append(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      const number = Math.floor(this.size / PIECE);
      const inside = this.size - number * PIECE;
      const part = bytes.subarray(at, at + PIECE - inside);
      const known = this.pieces.get(number);
      if (inside === 0) this.keep(number, part.slice());
      else if (known?.length === inside) {
        const joined = new Uint8Array(inside + part.length);
        joined.set(known);
        joined.set(part, inside);
        this.keep(number, joined);
      } else this.pieces.delete(number);
      this.size += part.length;
      at += part.length;
    }
  }

  /** Makes sure that a stretch is there. */
  async load(from: number, to: number, signal?: AbortSignal): Promise<void> {
    const waits: Promise<void>[] = [];
    const last = Math.floor(Math.max(0, Math.min(to, this.size) - 1) / PIECE);
    for (let number = Math.floor(Math.max(0, from) / PIECE); number <= last; number++) {
      if (this.has(number)) continue;
      waits.push(this.loading.get(number) ?? this.fetch(number, signal));
    }
    await Promise.all(waits);
  }

  private has(number: number): boolean {
    const wanted = Math.min(PIECE, this.size - number * PIECE);
    return (this.pieces.get(number)?.length ?? 0) >= wanted;
  }

  private fetch(number: number, signal?: AbortSignal): Promise<void> {
    const from = number * PIECE;
    const wait = this.read(from, Math.min(from + PIECE, this.size), signal)
      .then((bytes) => this.keep(number, bytes))
      .finally(() => this.loading.delete(number));
    this.loading.set(number, wait);
    return wait;
  }

  private keep(number: number, bytes: Uint8Array): void {
    this.pieces.delete(number);
    this.pieces.set(number, bytes);
    for (const oldest of this.pieces.keys()) {
      if (this.pieces.size <= KEPT) break;
      this.pieces.delete(oldest);
    }
  }

  /** Returns where the line around a byte begins; `undefined` when that is not loaded. */
  lineStart(at: number): number | undefined {
    let position = Math.min(at, this.size);
    const least = Math.max(0, position - LONGEST_LINE);
    while (position > least) {
      const byte = this.byte(position - 1);
      if (byte === undefined) return undefined;
      if (byte === 10) return position;
      position -= 1;
    }
    return position;
  }

  /** Returns where the line before one begins. */
  previous(start: number): number | undefined {
    return start <= 0 ? 0 : this.lineStart(start - 1);
  }

  /** Returns the line that begins at a byte; `undefined` at the end, or when it is not loaded. */
  lineAt(offset: number): Line | undefined {
    if (offset >= this.size) return undefined;
    const most = Math.min(this.size, offset + LONGEST_LINE);
    let end = offset;
    const parts: Uint8Array[] = [];
    while (end < most) {
      const number = Math.floor(end / PIECE);
      const piece = this.pieces.get(number);
      const inside = end - number * PIECE;
      if (piece === undefined || inside >= piece.length) return undefined;
      const stop = Math.min(piece.length, inside + most - end);
      const newline = piece.subarray(inside, stop).indexOf(10);
      const until = newline < 0 ? stop : inside + newline;
      parts.push(piece.subarray(inside, until));
      end += until - inside;
      if (newline >= 0) return { offset, end: end + 1, text: join(parts) };
    }
    return { offset, end, text: join(parts) };
  }

  private byte(at: number): number | undefined {
    return this.pieces.get(Math.floor(at / PIECE))?.[at % PIECE];
  }
}

function join(parts: Uint8Array[]): string {
  if (parts.length === 1) return decoder.decode(parts[0]);
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return decoder.decode(whole);
}
