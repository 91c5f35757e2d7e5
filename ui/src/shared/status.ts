/** What each state of a run or task is called, and which colour and shape say the same. Pure. */
import type { RunState } from "@/api/types";

export type Tone = "succeeded" | "running" | "failed" | "warning" | "cached" | "neutral";
export type Shape = "check" | "arc" | "cross" | "clock" | "stop" | "skip" | "bolt" | "slash" | "pause" | "dot";

export interface Look {
  word: string;
  tone: Tone;
  shape: Shape;
}

const looks: Record<string, Look> = {
  PENDING: { word: "Pending", tone: "neutral", shape: "clock" },
  RUNNING: { word: "Running", tone: "running", shape: "arc" },
  SUCCEEDED: { word: "Succeeded", tone: "succeeded", shape: "check" },
  CACHED: { word: "Cached", tone: "cached", shape: "bolt" },
  FAILED: { word: "Failed", tone: "failed", shape: "cross" },
  SKIPPED: { word: "Skipped", tone: "neutral", shape: "skip" },
  OMITTED: { word: "Omitted", tone: "neutral", shape: "slash" },
  CANCELING: { word: "Stopping", tone: "warning", shape: "arc" },
  CANCELED: { word: "Stopped", tone: "warning", shape: "stop" },
  PAUSED: { word: "Paused", tone: "warning", shape: "pause" },
};
const unknown: Look = { word: "Unknown", tone: "neutral", shape: "dot" };

/** Takes states of the API, in any case, and our own additions such as `CACHED`. */
export function lookOf(state: string | undefined): Look {
  return looks[(state ?? "").toUpperCase()] ?? unknown;
}

export function isOver(state: string | undefined): boolean {
  return ["SUCCEEDED", "SKIPPED", "FAILED", "CANCELED"].includes((state ?? "").toUpperCase());
}

export const filterableStates: RunState[] = ["RUNNING", "PENDING", "SUCCEEDED", "FAILED", "CANCELED", "CANCELING"];

/** Classes of a tone: text colour, soft background. Written out so that the style sheet contains them. */
export const toneText: Record<Tone, string> = {
  succeeded: "text-succeeded",
  running: "text-running",
  failed: "text-failed",
  warning: "text-warning",
  cached: "text-cached",
  neutral: "text-neutral",
};
export const toneSoft: Record<Tone, string> = {
  succeeded: "bg-succeeded-soft",
  running: "bg-running-soft",
  failed: "bg-failed-soft",
  warning: "bg-warning-soft",
  cached: "bg-cached-soft",
  neutral: "bg-neutral-soft",
};
