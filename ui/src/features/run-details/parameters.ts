// A pipeline's parameters as text that people edit, and back.

import type { ParameterView } from "@/api/own-types";
import type { Json } from "@/api/types";

export function parameterText(parameter: Pick<ParameterView, "type">, value: Json | undefined): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string" && parameter.type !== "LIST" && parameter.type !== "STRUCT") return value;
  return JSON.stringify(value, null, typeof value === "object" ? 2 : 0);
}

/** Reads a text as the parameter's type wants it. */
export function parseParameter(parameter: ParameterView, text: string): { value: Json } | { problem: string } {
  const parsed = typed(parameter.type, text);
  if ("problem" in parsed || parameter.literals.length === 0) return parsed;
  const isAllowed = parameter.literals.some((literal) => JSON.stringify(literal) === JSON.stringify(parsed.value));
  return isAllowed ? parsed : { problem: `one of ${parameter.literals.map((literal) => JSON.stringify(literal)).join(", ")}` };
}

function typed(type: string, text: string): { value: Json } | { problem: string } {
  const word = text.trim();
  switch (type) {
    case "NUMBER_INTEGER":
      return /^[+-]?\d+$/.test(word) ? { value: Number(word) } : { problem: "a whole number" };
    case "NUMBER_DOUBLE":
      return word !== "" && Number.isFinite(Number(word)) ? { value: Number(word) } : { problem: "a number" };
    case "BOOLEAN":
      return /^(true|false)$/i.test(word) ? { value: word.toLowerCase() === "true" } : { problem: "true or false" };
    case "LIST":
    case "STRUCT": {
      const value = json(word);
      const isList = Array.isArray(value);
      if (type === "LIST") return isList ? { value } : { problem: "a list in JSON, such as [1, 2]" };
      return !isList && value !== null && typeof value === "object" ? { value } : { problem: 'an object in JSON, such as {"a": 1}' };
    }
    default:
      return { value: text };
  }
}

function json(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** Puts what a task was given where its definition says `{{$.inputs.parameters['x']}}`; what is not known stays. */
export function filled(text: string, given: readonly { name: string; value: Json }[]): string {
  return text.replace(/\{\{\$\.inputs\.parameters\['([^']+)'\]\}\}/g, (whole, name: string) => {
    const value = given.find((one) => one.name === name)?.value;
    if (value === undefined) return whole;
    return typeof value === "string" ? value : JSON.stringify(value);
  });
}
