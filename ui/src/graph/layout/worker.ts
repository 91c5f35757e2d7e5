/// <reference lib="webworker" />
// Lays graphs out beside the page, so that the page stays quick meanwhile.

import { layout, type Options } from "./layout";
import type { LayoutGraph } from "./types";

export interface Order {
  graph: LayoutGraph;
  options: Options;
}

self.onmessage = (event: MessageEvent<Order>) => {
  const { graph, options } = event.data;
  self.postMessage(layout(graph, options));
};
