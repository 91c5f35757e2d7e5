// A JSON value as YAML text that reads well: plain words where they stay words, blocks for texts of several lines.

import type { Json } from "@/api/types";

export function yamlText(value: Json): string {
  return `${node(value, 0).trimStart()}\n`;
}

function node(value: Json, depth: number): string {
  const pad = "  ".repeat(depth);
  if (Array.isArray(value)) {
    if (value.length === 0) return " []";
    return value.map((item) => `\n${pad}-${nested(item, depth)}`).join("");
  }
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value);
    if (entries.length === 0) return " {}";
    return entries.map(([key, item]) => `\n${pad}${scalar(key, depth)}:${node(item, Array.isArray(item) ? depth : depth + 1)}`).join("");
  }
  return ` ${scalar(value, depth)}`;
}

/** The first field of a list's object stands beside its dash. */
function nested(item: Json, depth: number): string {
  const text = node(item, depth + 1);
  const isObject = item !== null && typeof item === "object" && !text.startsWith(" ");
  return isObject ? ` ${text.slice(1).trimStart()}` : text;
}

const PLAIN = /^[A-Za-z_/][\w ./@+-]*$/;
const RESERVED = /^(true|false|null|yes|no|on|off|y|n|~)$/i;

function scalar(value: null | boolean | number | string, depth: number): string {
  if (typeof value !== "string") return String(value);
  if (value.includes("\n") && !/[ \t]\n|[^\n\t\x20-\x7e\u00a0-\uffff]/.test(value) && !/^[ \n]/.test(value)) {
    const pad = "  ".repeat(Math.max(1, depth));
    const keep = value.endsWith("\n\n") ? "+" : value.endsWith("\n") ? "" : "-";
    const lines = value.replace(/\n$/, "").split("\n");
    return `|${keep}\n${lines.map((line) => (line === "" ? "" : pad + line)).join("\n")}`;
  }
  return PLAIN.test(value) && !RESERVED.test(value) && !value.endsWith(" ") ? value : JSON.stringify(value);
}
