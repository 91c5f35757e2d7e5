/** Parameters of a pipeline as a form's texts, and back as values of their types. Pure. */
import type { ParameterView } from "@/api/own-types";
import type { Json, Parameters } from "@/api/types";

export type Texts = Record<string, string>;

/** How a type is called in the form. */
export const typeWords: Record<string, string> = {
  STRING: "text",
  NUMBER_INTEGER: "integer",
  NUMBER_DOUBLE: "number",
  BOOLEAN: "true or false",
  LIST: "list",
  STRUCT: "object",
  ANY: "text",
};

/** Set by the system; nobody types them. */
export const isTyped = (parameter: ParameterView) => !["TASK_FINAL_STATUS", "TASK_CONFIG"].includes(parameter.type);
export const isJson = (parameter: ParameterView) => parameter.type === "LIST" || parameter.type === "STRUCT";

/** Writes a value as the form shows it. */
export function textOf(parameter: ParameterView, value: Json | undefined): string {
  if (value === undefined || value === null) return "";
  if (isJson(parameter)) {
    // v1 pipelines keep lists and objects as text.
    return typeof value === "string" ? value : JSON.stringify(value, null, 2);
  }
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Returns what the form shows at first: what was given, else the default. */
export function initialTexts(parameters: ParameterView[], given: Parameters = {}): Texts {
  return Object.fromEntries(
    parameters.filter(isTyped).map((parameter) => [parameter.name, textOf(parameter, (given[parameter.name] ?? parameter.default) as Json | undefined)]),
  );
}

export type Read = { value: Json | undefined } | { problem: string };

/** Reads one text; no value means that the parameter is left to its default. */
export function readText(parameter: ParameterView, text: string): Read {
  const trimmed = text.trim();
  const fallback = parameter.default !== undefined;
  if (text === "") {
    if (parameter.type === "STRING" || parameter.type === "ANY") {
      if (fallback && parameter.default !== "") return { value: "" };
      return fallback || parameter.optional ? { value: undefined } : { problem: "This parameter has no default: give it a value." };
    }
    return fallback || parameter.optional ? { value: undefined } : { problem: "This parameter has no default: give it a value." };
  }
  const read = readTyped(parameter, text, trimmed);
  if ("problem" in read || parameter.literals.length === 0) return read;
  const isAllowed = parameter.literals.some((literal) => JSON.stringify(literal) === JSON.stringify(read.value));
  return isAllowed ? read : { problem: `One of ${parameter.literals.map((literal) => JSON.stringify(literal)).join(", ")}.` };
}

function readTyped(parameter: ParameterView, text: string, trimmed: string): Read {
  switch (parameter.type) {
    case "NUMBER_INTEGER":
      return /^[+-]?\d+$/.test(trimmed) ? { value: Number(trimmed) } : { problem: "A whole number, such as 42." };
    case "NUMBER_DOUBLE": {
      const number = Number(trimmed);
      return trimmed !== "" && Number.isFinite(number) ? { value: number } : { problem: "A number, such as 0.25 or 1e-3." };
    }
    case "BOOLEAN":
      return trimmed === "true" || trimmed === "false" ? { value: trimmed === "true" } : { problem: "true or false." };
    case "LIST":
    case "STRUCT":
      return readJson(parameter.type, trimmed);
    default:
      return { value: text };
  }
}

function readJson(type: "LIST" | "STRUCT", text: string): Read {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (error) {
    return { problem: `Not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  if (type === "LIST" && !Array.isArray(value)) return { problem: "A JSON list, such as [1, 2]." };
  if (type === "STRUCT" && (Array.isArray(value) || typeof value !== "object" || value === null)) {
    return { problem: 'A JSON object, such as {"depth": 3}.' };
  }
  return { value };
}

/** Reads the whole form. What equals a default is left out, so that a newer version's default counts. */
export function readAll(parameters: ParameterView[], texts: Texts): { values: Parameters; problems: Record<string, string> } {
  const values: Parameters = {};
  const problems: Record<string, string> = {};
  for (const parameter of parameters.filter(isTyped)) {
    const read = readText(parameter, texts[parameter.name] ?? "");
    if ("problem" in read) problems[parameter.name] = read.problem;
    else if (read.value !== undefined && JSON.stringify(read.value) !== JSON.stringify(parameter.default)) values[parameter.name] = read.value;
  }
  return { values, problems };
}

/** Reads what is other than what a run was given; what was not touched is not judged. */
export function changes(parameters: ParameterView[], given: Parameters, texts: Texts): { changed: Parameters; problems: Record<string, string> } {
  const before = initialTexts(parameters, given);
  const changed: Parameters = {};
  const problems: Record<string, string> = {};
  for (const parameter of parameters.filter(isTyped)) {
    const text = texts[parameter.name] ?? "";
    if (text === before[parameter.name]) continue;
    const read = readText(parameter, text);
    if ("problem" in read) problems[parameter.name] = read.problem;
    else changed[parameter.name] = read.value ?? (parameter.default as Json | undefined) ?? null;
  }
  return { changed, problems };
}
