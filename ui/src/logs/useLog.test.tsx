import { act, renderHook, waitFor } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { GRACE } from "@/api/seen";
import { useLog } from "./useLog";

const NAME = { run: "r", task: "root/step", attempt: 0 };

/** A server with one log, which may be missing at first; a stream of it ends when the attempt does. */
class Served {
  text: string | undefined;
  asked = 0;
  /** How many streams are open. */
  followers = 0;
  private isOver = false;
  private waiting: (() => void)[] = [];

  constructor(text?: string) {
    this.text = text;
    vi.stubGlobal("fetch", (url: string, init: RequestInit = {}) => Promise.resolve(this.answer(new URL(url, "http://here"), init)));
  }

  /** Prints the rest and ends. */
  end(text: string) {
    this.text = text;
    this.isOver = true;
    for (const go of this.waiting) go();
  }

  private answer(url: URL, init: RequestInit): Response {
    this.asked += 1;
    if (this.text === undefined) return new Response(JSON.stringify({ code: 5, message: "there is none" }), { status: 404 });
    if (init.method === "HEAD") return new Response(null, { headers: { "Content-Length": String(this.text.length) } });
    if (url.searchParams.get("follow") === "true") return this.stream(Number(url.searchParams.get("offset")), init.signal ?? undefined);
    const [, from, to] = /bytes=(\d+)-(\d+)/.exec(new Headers(init.headers).get("Range") ?? "") ?? [];
    return new Response(this.text.slice(Number(from), Number(to) + 1), { status: 206 });
  }

  private stream(offset: number, signal?: AbortSignal): Response {
    return new Response(
      new ReadableStream({
        start: async (stream) => {
          this.followers += 1;
          signal?.addEventListener("abort", () => {
            this.followers -= 1;
            stream.error(new DOMException("aborted", "AbortError"));
          });
          if (!this.isOver) await new Promise<void>((go) => this.waiting.push(go));
          if (signal?.aborted) return;
          stream.enqueue(new TextEncoder().encode(this.text?.slice(offset)));
          stream.close();
        },
      }),
    );
  }
}

afterEach(() => vi.unstubAllGlobals());

function open(isRunning: boolean) {
  return renderHook((props: { isRunning: boolean }) => useLog(NAME, props.isRunning), { initialProps: { isRunning } });
}

const sizeOf = (state: ReturnType<typeof useLog>["state"]) => (state.kind === "open" ? state.pages.size : state.kind);

test("the last lines come although the attempt is known to be over before", async () => {
  const served = new Served("first\n");
  const { result, rerender } = open(true);
  await waitFor(() => expect(result.current.state).toMatchObject({ kind: "open", isLive: true }));
  rerender({ isRunning: false });
  served.end("first\nlast\n");
  await waitFor(() => expect(sizeOf(result.current.state)).toBe("first\nlast\n".length));
  await waitFor(() => expect(result.current.state).toMatchObject({ isLive: false }));
});

test("they come as well when it ended while the log was being opened", async () => {
  const served = new Served("first\n");
  const { result, rerender } = open(true);
  rerender({ isRunning: false });
  served.end("first\nlast\n");
  await waitFor(() => expect(sizeOf(result.current.state)).toBe("first\nlast\n".length));
  await waitFor(() => expect(result.current.state).toMatchObject({ isLive: false }));
});

test("a log that was not there is looked for once more at the end", async () => {
  const served = new Served();
  const { result, rerender } = open(true);
  await waitFor(() => expect(result.current.state.kind).toBe("none"));
  served.end("all\n");
  rerender({ isRunning: false });
  await waitFor(() => expect(sizeOf(result.current.state)).toBe("all\n".length));
});

test("one that ended before is read once, and not followed", async () => {
  const served = new Served("all\n");
  const { result } = open(false);
  await waitFor(() => expect(sizeOf(result.current.state)).toBe("all\n".length));
  expect(result.current.state).toMatchObject({ isLive: false });
  expect(served.asked).toBe(2);
});

test("one that is gone is not asked for again and again", async () => {
  const served = new Served("first\n");
  const { result, rerender } = open(false);
  await waitFor(() => expect(result.current.state.kind).toBe("open"));
  served.text = undefined;
  rerender({ isRunning: true });
  await waitFor(() => expect(served.asked).toBe(3));
  await waitFor(() => expect(result.current.state).toMatchObject({ kind: "open", isLive: false }));
});

test("it is not followed while nobody sees the page, and completed afterwards", async () => {
  let visibility: DocumentVisibilityState = "visible";
  const spy = vi.spyOn(document, "visibilityState", "get").mockImplementation(() => visibility);
  const show = (state: DocumentVisibilityState) => {
    visibility = state;
    act(() => void document.dispatchEvent(new Event("visibilitychange")));
  };
  try {
    const served = new Served("first\n");
    const { result } = open(true);
    await waitFor(() => expect(served.followers).toBe(1));
    show("hidden");
    await waitFor(() => expect(served.followers).toBe(0), { timeout: 2 * GRACE });
    served.end("first\nlast\n");
    expect(sizeOf(result.current.state)).toBe("first\n".length);
    show("visible");
    await waitFor(() => expect(sizeOf(result.current.state)).toBe("first\nlast\n".length));
    await waitFor(() => expect(result.current.state).toMatchObject({ isLive: false }));
  } finally {
    show("visible");
    spy.mockRestore();
  }
});
