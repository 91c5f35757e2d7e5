import { act, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useEventStream } from "./events";
import { GRACE } from "./seen";

/** What a browser would have opened. */
class Source {
  static all: Source[] = [];
  onopen?: () => void;
  onerror?: () => void;
  isClosed = false;
  private readonly listeners = new Map<string, (event: { data: string }) => void>();
  constructor(readonly url: string) {
    Source.all.push(this);
  }
  addEventListener(name: string, listener: (event: { data: string }) => void) {
    this.listeners.set(name, listener);
  }
  close() {
    this.isClosed = true;
  }
  say(name: string) {
    this.listeners.get(name)?.({ data: "{}" });
  }
  static get open(): string[] {
    return Source.all.filter((source) => !source.isClosed).map((source) => new URL(source.url).pathname);
  }
}

let visibility: DocumentVisibilityState = "visible";
function show(state: DocumentVisibilityState) {
  visibility = state;
  act(() => void document.dispatchEvent(new Event("visibilitychange")));
}
const pass = (time: number) => act(() => void vi.advanceTimersByTime(time));

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", Source);
  vi.spyOn(document, "visibilityState", "get").mockImplementation(() => visibility);
});
afterEach(() => {
  show("visible");
  Source.all = [];
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const listen = (path: string, more: { yields?: boolean; last?: string } = {}) =>
  renderHook((props: { path?: string }) => useEventStream(props.path, { names: ["change"], on: () => {}, ...more }), { initialProps: { path } });

test("a lost stream is opened again, soon and then at least every three seconds", () => {
  const { result } = listen("a");
  act(() => Source.all[0]?.onopen?.());
  expect(result.current).toBe("live");
  for (const pause of [500, 1_000, 2_000, 3_000, 3_000]) {
    const count = Source.all.length;
    act(() => Source.all.at(-1)?.onerror?.());
    expect(result.current).toBe("lost");
    pass(pause - 1);
    expect(Source.all).toHaveLength(count);
    pass(1);
    expect(Source.all).toHaveLength(count + 1);
  }
  expect(Source.open).toEqual(["/a"]);
});

test("a page that nobody sees has no stream, unless it is soon seen again", () => {
  const { result } = listen("a");
  show("hidden");
  pass(GRACE - 1);
  show("visible");
  pass(GRACE);
  expect(Source.all).toHaveLength(1);
  show("hidden");
  pass(GRACE);
  expect(Source.open).toEqual([]);
  expect(result.current).toBe("resting");
  show("visible");
  expect(Source.open).toEqual(["/a"]);
  expect(result.current).toBe("connecting");
});

test("a stream that yields rests while there is another, until that has ended", () => {
  const lists = listen("lists", { yields: true });
  expect(Source.open).toEqual(["/lists"]);
  const run = listen("run", { last: "end" });
  expect(Source.open).toEqual(["/run"]);
  expect(lists.result.current).toBe("resting");
  act(() => Source.all.at(-1)?.say("end"));
  expect(run.result.current).toBe("ended");
  expect(Source.open).toEqual(["/lists"]);
  run.unmount();
  expect(Source.open).toEqual(["/lists"]);
  const other = listen("other");
  expect(Source.open).toEqual(["/other"]);
  other.unmount();
  expect(Source.open).toEqual(["/lists"]);
});
