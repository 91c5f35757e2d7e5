import { useEffect, useEffectEvent, useRef, useState } from "react";
import { LONGEST_LINE, type LogPages, PIECE } from "./pages";
import { atEnd, LINE_HEIGHT, move, type Place, scrollHeight } from "./scroll";

/** A jump farther than this many screens goes by bytes and not by lines. */
const NEAR = 4;

/** Keeps the place in a log in step with a scrolled element. */
export function useLogScroll(pages: LogPages, version: number, touch: () => void) {
  const scroller = useRef<HTMLDivElement>(null);
  const [height, setHeight] = useState(0);
  // The end has been read by now, and the beginning of a large log nobody asks for yet.
  const [place, setPlace] = useState<Place>(() => ({ offset: pages.lineStart(pages.size) ?? 0, hidden: 0 }));
  const [isFollowing, setFollowing] = useState(true);
  const [usualLine, setUsualLine] = useState(80);
  const expected = useRef(0);
  const total = scrollHeight(pages.size, usualLine);
  const span = Math.max(0, total - height);

  /** Sets the bar to where a place stands, without that counting as the reader's scrolling. */
  const setBar = (next: Place) => {
    const element = scroller.current;
    if (element === null) return;
    const share = pages.size === 0 ? 0 : next.offset / pages.size;
    expected.current = Math.round(share * span);
    element.scrollTop = expected.current;
    expected.current = element.scrollTop;
  };
  const need = useEffectEvent(async (from: number, to: number) => {
    await pages.load(from, to);
    touch();
  });
  const go = (offset: number, isBarKept = false) => {
    const at = Math.max(0, Math.min(offset, pages.size));
    void pages.load(Math.max(0, at - LONGEST_LINE), Math.min(pages.size, at + PIECE)).then(() => {
      const next = { offset: pages.lineStart(at) ?? at, hidden: 0 };
      setPlace(next);
      if (!isBarKept) setBar(next);
      touch();
    });
  };

  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const observer = new ResizeObserver(([entry]) => setHeight(entry.contentRect.height));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  // At the end the newest line stays in sight.
  const toEnd = useEffectEvent(() => {
    const end = atEnd(pages, height);
    if (end === undefined) {
      void need(Math.max(0, pages.size - PIECE), pages.size);
      return;
    }
    setPlace(end);
    const element = scroller.current;
    if (element !== null) {
      element.scrollTop = total;
      expected.current = element.scrollTop;
    }
  });
  useEffect(() => {
    if (isFollowing && height > 0) toEnd();
  }, [isFollowing, height, version, total]);

  // What is near the place is read ahead of need.
  useEffect(() => {
    void need(Math.max(0, place.offset - PIECE / 2), place.offset + PIECE);
  }, [place.offset]);

  useEffect(() => {
    const sample = [];
    let offset = place.offset;
    for (let count = 0; count < 200; count++) {
      const line = pages.lineAt(offset);
      if (line === undefined) break;
      sample.push(line.end - line.offset);
      offset = line.end;
    }
    if (sample.length >= 50 && usualLine === 80) setUsualLine(Math.max(8, sample.reduce((sum, length) => sum + length, 0) / sample.length));
  }, [pages, place.offset, usualLine, version]);

  const onScroll = () => {
    const element = scroller.current;
    if (element === null) return;
    const by = element.scrollTop - expected.current;
    if (by === 0) return;
    expected.current = element.scrollTop;
    if (element.scrollTop >= span - 1) {
      setFollowing(true);
      return;
    }
    setFollowing(false);
    if (element.scrollTop === 0) go(0, true);
    else if (Math.abs(by) <= height * NEAR) setPlace(move(pages, place, by));
    else go((element.scrollTop / span) * pages.size, true);
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    const by = { ArrowDown: LINE_HEIGHT, ArrowUp: -LINE_HEIGHT, PageDown: height - LINE_HEIGHT, PageUp: LINE_HEIGHT - height }[event.key];
    if (by === undefined && event.key !== "Home" && event.key !== "End") return;
    event.preventDefault();
    if (event.key === "End") setFollowing(true);
    else {
      setFollowing(false);
      if (event.key === "Home") go(0);
      else {
        const next = move(pages, place, by ?? 0);
        setPlace(next);
        setBar(next);
      }
    }
  };
  return {
    scroller,
    height,
    total,
    place,
    isFollowing,
    onScroll,
    onKeyDown,
    follow: () => setFollowing(true),
    goTo: (offset: number) => {
      setFollowing(false);
      go(Math.max(0, offset));
    },
  };
}
