// What the layout takes and gives. Everything is a plain value, so that it crosses into a worker unchanged.

/** A box to place; `inner` makes it a container that is as large as what it holds. */
export interface LayoutNode {
  id: string;
  width: number;
  height: number;
  inner?: LayoutGraph;
  /** Room kept free above what a container holds. */
  header?: number;
}

/** One dag: edges join its own nodes only and never cross its border. */
export interface LayoutGraph {
  nodes: LayoutNode[];
  edges: LayoutEdge[];
}

export interface LayoutEdge {
  from: string;
  to: string;
}

export type Direction = "down" | "right";

export interface Point {
  x: number;
  y: number;
}

/** A placed box; `x` and `y` are its top left corner on the whole drawing. */
export interface Box {
  id: string;
  x: number;
  y: number;
  width: number;
  height: number;
  /** How many containers are around it. */
  depth: number;
  /** The container around it. */
  parent?: string;
}

/** A placed edge: the points that its curve passes, first on its source, last on its target. */
export interface Route {
  from: string;
  to: string;
  points: Point[];
}

/** Nodes with the same neighbours, placed as a block; edges lead to the block. */
export interface Block {
  id: string;
  members: string[];
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Layout {
  width: number;
  height: number;
  boxes: Box[];
  routes: Route[];
  blocks: Block[];
}

export interface Spacing {
  /** Between neighbours in one layer. */
  node: number;
  /** Between layers. */
  layer: number;
  /** Between a container's border and what it holds. */
  padding: number;
}

export const SPACING: Spacing = { node: 28, layer: 52, padding: 20 };
