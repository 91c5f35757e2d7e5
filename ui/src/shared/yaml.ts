/** Writes plain values as YAML, for reading. Pure; nothing here parses. */
import type { Json } from "@/api/types";

const PLAIN = /^[A-Za-z_/$.][\w ./$@-]*$/;
const WORDS = /^(null|true|false|yes|no|on|off|y|n|~)$/i;

export function toYaml(value: Json): string {
  return `${block(value, 0)}\n`;
}

/** Writes a pipeline as its file has it: settings of platforms are a document of their own. */
export function toDocuments(spec: Record<string, Json>): string {
  const { pipeline_spec: pipeline, platform_spec: platform } = spec;
  if (!isNested(pipeline ?? null)) return toYaml(spec);
  return isNested(platform ?? null) ? `${toYaml(pipeline!)}---\n${toYaml(platform!)}` : toYaml(pipeline!);
}

function block(value: Json, depth: number): string {
  const indent = "  ".repeat(depth);
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    return value.map((item) => `${indent}- ${nested(item, depth + 1).trimStart()}`).join("\n");
  }
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value);
    if (entries.length === 0) return "{}";
    return entries.map(([key, item]) => `${indent}${scalar(key, depth)}:${isNested(item) ? "\n" : " "}${isNested(item) ? block(item, depth + 1) : scalarOf(item, depth)}`).join("\n");
  }
  return scalarOf(value, depth);
}

/** An item of a list: its own block begins on the line of the dash. */
function nested(value: Json, depth: number): string {
  return isNested(value) ? block(value, depth) : scalarOf(value, depth - 1);
}

function isNested(value: Json): boolean {
  return value !== null && typeof value === "object" && Object.keys(value).length > 0;
}

function scalarOf(value: Json, depth: number): string {
  if (value !== null && typeof value === "object") return Array.isArray(value) ? "[]" : "{}";
  return typeof value === "string" ? scalar(value, depth) : JSON.stringify(value);
}

function scalar(text: string, depth: number): string {
  if (text.includes("\n") && !/[ \t]\n|^\s|\r/.test(text)) {
    const indent = "  ".repeat(depth + 1);
    const tail = text.endsWith("\n") ? (text.endsWith("\n\n") ? "+" : "") : "-";
    const body = text.replace(/\n$/, "").split("\n");
    return `|${tail}\n${body.map((line) => (line === "" ? "" : indent + line)).join("\n")}`;
  }
  return PLAIN.test(text) && !WORDS.test(text) && !text.endsWith(" ") && !/ #|: /.test(text) ? text : JSON.stringify(text);
}
