import type { TaskState } from "@/api/own-types";
import { toneOf } from "../model/state";
import type { Palette } from "./palette";

/** The colour of a state where it is too small for anything else; what has not begun is a line's grey. */
export function lookTone(palette: Palette, state: TaskState | "IDLE" | undefined): string {
  return state === undefined || state === "IDLE" ? palette.lineStrong : palette.tones[toneOf(state)];
}
