/// <reference lib="webworker" />
// Lays graphs out beside the page, so that the page stays quick meanwhile.

import { layout, type Options } from "./layout";
import type { LayoutGraph } from "./types";

export interface Order {
  number: number;
  graph: LayoutGraph;
  options: Options;
}

self.onmessage = (event: MessageEvent<Order>) => {
  const { number, graph, options } = event.data;
  self.postMessage({ number, layout: layout(graph, options) });
};
