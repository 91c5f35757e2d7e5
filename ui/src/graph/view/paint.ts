// Paints what is under the nodes (groups, blocks, edges), and the nodes themselves when they are small.

import type { Direction, Route } from "../layout/types";
import { edgeName, type Scene } from "../model/scene";
import { glyphOf, isFaint, isUndone, type Look, toneOf } from "../model/state";
import { LABELLED, paintLabels } from "./labels";
import type { SpatialIndex } from "./spatial";
import type { Palette } from "./palette";
import { lookTone } from "./stateColour";
import { intersects, READABLE, type Rect, type View } from "./viewport";

export interface Picture {
  scene: Scene;
  index: SpatialIndex;
  direction: Direction;
  /** How a node fares. */
  stateOf: (node: string) => Look;
  /** A run is shown, so states mean something. */
  hasRun: boolean;
  selected?: string;
  hovered?: string;
  found: ReadonlySet<string>;
  critical?: { nodes: ReadonlySet<string>; edges: ReadonlySet<string> };
  /** Names of data on all edges, not only on those of the node that is looked at. */
  hasLabels: boolean;
}

type Context = CanvasRenderingContext2D;

/** Below this a node is a spot of its state's colour. */
const DOTS = 0.16;

/** Paints one frame. `part` is what of the drawing is seen. */
export function paint(context: Context, picture: Picture, view: View, part: Rect, palette: Palette, ratio: number): void {
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, part.width * view.zoom, part.height * view.zoom);
  context.setTransform(ratio * view.zoom, 0, 0, ratio * view.zoom, ratio * view.x, ratio * view.y);
  const boxes = picture.index.within(part);
  for (const block of picture.index.layout.blocks) {
    if (intersects(block, part)) paintBlock(context, block, palette, view.zoom);
  }
  for (const box of boxes) {
    const node = picture.scene.nodes.get(box.id);
    if (node?.isOpen === true) paintGroup(context, box, picture, palette, view.zoom);
  }
  paintEdges(context, picture, part, palette, view.zoom);
  if (view.zoom >= READABLE) return;
  if (view.zoom < DOTS) {
    paintDots(context, boxes, picture, palette);
    return;
  }
  for (const box of boxes) {
    const node = picture.scene.nodes.get(box.id);
    if (node?.kind === "artifact") paintArtifact(context, box, node.title, picture, palette, view.zoom);
    else if (node !== undefined && !node.isOpen) paintNode(context, box, node.title, picture, palette, view.zoom);
    else if (node !== undefined) paintGroupTitle(context, box, node.title, palette, view.zoom);
  }
}

function paintBlock(context: Context, area: Rect, palette: Palette, zoom: number): void {
  context.beginPath();
  context.roundRect(area.x, area.y, area.width, area.height, 12);
  context.fillStyle = palette.group;
  context.fill();
  context.setLineDash([6, 5]);
  context.lineWidth = 1 / Math.max(zoom, 0.5);
  context.strokeStyle = palette.line;
  context.stroke();
  context.setLineDash([]);
}

function paintGroup(context: Context, box: Rect & { id: string; depth: number }, picture: Picture, palette: Palette, zoom: number): void {
  context.beginPath();
  context.roundRect(box.x, box.y, box.width, box.height, 10);
  context.fillStyle = box.depth % 2 === 0 ? palette.group : palette.groupInner;
  context.fill();
  const isSelected = picture.selected === box.id;
  context.lineWidth = (isSelected ? 2 : 1) / Math.max(zoom, 0.5);
  context.strokeStyle = isSelected ? palette.accent : edgeOfGroup(picture, box.id, palette);
  context.stroke();
}

function edgeOfGroup(picture: Picture, id: string, palette: Palette): string {
  const state = picture.stateOf(id);
  return state === "FAILED" || state === "RUNNING" ? palette.tones[toneOf(state)] : palette.lineStrong;
}

function paintGroupTitle(context: Context, box: Rect, title: string, palette: Palette, zoom: number): void {
  const size = Math.min(15, 9 / zoom);
  if (box.width * zoom < 60) return;
  context.font = `600 ${size}px ${palette.font}`;
  context.fillStyle = palette.ink2;
  context.fillText(title, box.x + 10, box.y + size + 8, box.width - 20);
}

function paintEdges(context: Context, picture: Picture, part: Rect, palette: Palette, zoom: number): void {
  const { layout, routeBounds } = picture.index;
  const plain: Route[] = [];
  const order: Route[] = [];
  const critical: Route[] = [];
  const lit: Route[] = [];
  const center = picture.hovered ?? picture.selected;
  layout.routes.forEach((route, index) => {
    if (!intersects(routeBounds[index], part)) return;
    const name = edgeName(route.from, route.to);
    if (center !== undefined && (route.from === center || route.to === center)) lit.push(route);
    else if (picture.critical?.edges.has(name) === true) critical.push(route);
    else if (picture.scene.edges.get(name)?.data.length === 0) order.push(route);
    else plain.push(route);
  });
  const width = Math.max(1.3, 1 / zoom);
  context.globalAlpha = 0.72;
  stroke(context, plain, picture.direction, palette.edge, width, zoom);
  stroke(context, order, picture.direction, palette.edge, width, zoom, [5, 4]);
  context.globalAlpha = 1;
  stroke(context, critical, picture.direction, palette.critical, width * 1.8, zoom);
  stroke(context, lit, picture.direction, palette.accent, width * 1.4, zoom);
  if (zoom >= LABELLED) paintLabels(context, picture, lit, picture.hasLabels ? [...critical, ...plain] : [], palette);
}

function stroke(
  context: Context,
  routes: Route[],
  direction: Direction,
  colour: string,
  width: number,
  zoom: number,
  dash: number[] = [],
): void {
  if (routes.length === 0) return;
  context.beginPath();
  for (const route of routes) zoom < DOTS ? straight(context, route) : trace(context, route, direction);
  context.setLineDash(dash);
  context.lineWidth = width;
  context.strokeStyle = colour;
  context.stroke();
  context.setLineDash([]);
  if (zoom < 0.3) return;
  context.beginPath();
  for (const route of routes) arrow(context, route, direction);
  context.fillStyle = colour;
  context.fill();
}

/** From so far a curve and its points look the same. */
function straight(context: Context, { points }: Route): void {
  context.moveTo(points[0].x, points[0].y);
  for (let index = 1; index < points.length; index++) context.lineTo(points[index].x, points[index].y);
}

/** Draws the curve through the points: it leaves and enters each of them along the flow. */
function trace(context: Context, route: Route, direction: Direction): void {
  const { points } = route;
  context.moveTo(points[0].x, points[0].y);
  for (let index = 1; index < points.length; index++) {
    const from = points[index - 1];
    const to = points[index];
    if (from.x === to.x || from.y === to.y) context.lineTo(to.x, to.y);
    else if (direction === "down") {
      const middle = (from.y + to.y) / 2;
      context.bezierCurveTo(from.x, middle, to.x, middle, to.x, to.y);
    } else {
      const middle = (from.x + to.x) / 2;
      context.bezierCurveTo(middle, from.y, middle, to.y, to.x, to.y);
    }
  }
}

function arrow(context: Context, route: Route, direction: Direction): void {
  const { x, y } = route.points[route.points.length - 1];
  context.moveTo(x, y);
  if (direction === "down") {
    context.lineTo(x - 3.5, y - 6.5);
    context.lineTo(x + 3.5, y - 6.5);
  } else {
    context.lineTo(x - 6.5, y - 3.5);
    context.lineTo(x - 6.5, y + 3.5);
  }
}

/** One path for each colour: a thousand spots cost no more than a few. */
function paintDots(context: Context, boxes: readonly (Rect & { id: string })[], picture: Picture, palette: Palette): void {
  const byColour = new Map<string, Rect[]>();
  for (const box of boxes) {
    if (picture.scene.nodes.get(box.id)?.isOpen !== false) continue;
    const state = picture.stateOf(box.id);
    const isMarked = picture.selected === box.id || picture.found.has(box.id);
    const colour = isMarked
      ? palette.accent
      : picture.critical?.nodes.has(box.id) === true
        ? palette.critical
        : lookTone(palette, picture.hasRun ? state : undefined);
    const known = byColour.get(colour);
    if (known === undefined) byColour.set(colour, [box]);
    else known.push(box);
  }
  for (const [colour, same] of byColour) {
    context.beginPath();
    for (const box of same) context.rect(box.x, box.y, box.width, box.height);
    context.fillStyle = colour;
    context.fill();
  }
}

function paintNode(context: Context, box: Rect & { id: string }, title: string, picture: Picture, palette: Palette, zoom: number): void {
  const state = picture.stateOf(box.id);
  const tone = palette.tones[toneOf(state)];
  const isMarked = picture.selected === box.id || picture.hovered === box.id || picture.found.has(box.id);
  context.globalAlpha = isFaint(state) ? 0.55 : 1;
  context.beginPath();
  context.roundRect(box.x, box.y, box.width, box.height, 8);
  context.fillStyle = picture.hasRun && state !== "IDLE" ? palette.softs[toneOf(state)] : palette.surface;
  context.fill();
  context.lineWidth = (isMarked ? 2.5 : 1.2) / zoom;
  if (isUndone(state) && picture.hasRun) context.setLineDash([8, 6]);
  context.strokeStyle = isMarked ? palette.accent : borderOf(box.id, state, picture, palette, tone);
  context.stroke();
  context.setLineDash([]);
  if (picture.hasRun) paintGlyph(context, state, tone, palette.surface, box);
  if (zoom >= 0.24) {
    const size = Math.min(19, 7.5 / zoom);
    context.font = `500 ${size}px ${palette.font}`;
    context.fillStyle = palette.ink;
    context.textBaseline = "middle";
    context.fillText(title, box.x + 44, box.y + box.height / 2, box.width - 54);
    context.textBaseline = "alphabetic";
  }
  context.globalAlpha = 1;
}

function borderOf(id: string, state: Look, picture: Picture, palette: Palette, tone: string): string {
  if (picture.critical?.nodes.has(id) === true) return palette.critical;
  return picture.hasRun && state !== "IDLE" ? tone : palette.lineStrong;
}

function paintArtifact(context: Context, box: Rect & { id: string }, title: string, picture: Picture, palette: Palette, zoom: number): void {
  const isMarked = picture.selected === box.id || picture.hovered === box.id || picture.found.has(box.id);
  context.beginPath();
  context.roundRect(box.x, box.y, box.width, box.height, box.height / 2);
  context.fillStyle = palette.group;
  context.fill();
  context.lineWidth = (isMarked ? 2.5 : 1) / zoom;
  context.strokeStyle = isMarked ? palette.accent : palette.lineStrong;
  context.stroke();
  if (zoom < 0.3) return;
  context.font = `${Math.min(13, 6.5 / zoom)}px ${palette.font}`;
  context.fillStyle = palette.ink2;
  context.textBaseline = "middle";
  context.fillText(title, box.x + 14, box.y + box.height / 2, box.width - 28);
  context.textBaseline = "alphabetic";
}

const outlines = new Map<string, Path2D>();

function outline(path: string): Path2D {
  let found = outlines.get(path);
  if (found === undefined) {
    found = new Path2D(path);
    outlines.set(path, found);
  }
  return found;
}

function paintGlyph(context: Context, state: Look, tone: string, surface: string, box: Rect): void {
  const glyph = glyphOf(state);
  context.save();
  context.translate(box.x + 10, box.y + box.height / 2 - 14);
  context.scale(1.75, 1.75);
  context.lineWidth = 1.8;
  if (glyph.body !== undefined) {
    context.fillStyle = tone;
    context.fill(outline(glyph.body));
  }
  if (glyph.ring !== undefined) {
    context.strokeStyle = tone;
    context.stroke(outline(glyph.ring));
  }
  if (glyph.mark !== undefined) {
    context.strokeStyle = surface;
    context.stroke(outline(glyph.mark));
  }
  context.restore();
}
