// What a task was given, in the texts of its definition.

import type { Json } from "@/api/types";

/** Puts what a task was given where its definition says `{{$.inputs.parameters['x']}}`; what is not known stays. */
export function filled(text: string, given: readonly { name: string; value: Json }[]): string {
  return text.replace(/\{\{\$\.inputs\.parameters\['([^']+)'\]\}\}/g, (whole, name: string) => {
    const value = given.find((one) => one.name === name)?.value;
    if (value === undefined) return whole;
    return typeof value === "string" ? value : JSON.stringify(value);
  });
}

/** A manifest as it is read best: indented, with what the task was given. */
export function manifestText(manifest: string, given: readonly { name: string; value: Json }[]): string {
  const text = (value: string) => filled(value.replace(/\.json_escape\[\d+\](?=\}\})/g, ""), given);
  try {
    return JSON.stringify(JSON.parse(manifest), (_, value: unknown) => (typeof value === "string" ? text(value) : value), 2);
  } catch {
    // Steps may write theirs in any other way.
    return text(manifest);
  }
}
