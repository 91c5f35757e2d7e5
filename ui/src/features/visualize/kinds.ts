/** What can be drawn of data, and what each kind takes. */
import type { Json } from "@/api/types";

export type Kind = "ROC_CURVE" | "TABLE" | "TFDV" | "TFMA" | "CUSTOM";

export interface KindFacts {
  label: string;
  /** What it makes of its source. */
  about: string;
  /** What may stand in its arguments. */
  takes: string;
}

export const KINDS: Record<Kind, KindFacts> = {
  TABLE: {
    label: "Table",
    about: "CSV files as one table; an asterisk in the source takes several.",
    takes: '{"headers": ["name", …]} for files whose first row is no header.',
  },
  ROC_CURVE: {
    label: "ROC curve",
    about: "A curve of CSV files with truth and score in each row, or with the points of the curve.",
    takes: '{"trueclass": "…", "true_score_column": "…"}, or {"target_lambda": "lambda row: row.x > 1"}, or {"is_generated": true} for columns fpr, tpr, threshold.',
  },
  TFDV: { label: "TFDV", about: "Statistics of CSV files, by the package tensorflow-data-validation in the server's image for visualizations.", takes: "Nothing." },
  TFMA: { label: "TFMA", about: "Slices of a model's evaluation, by the package tensorflow-model-analysis in the server's image for visualizations.", takes: '{"slicing_column": "…"}.' },
  CUSTOM: {
    label: "Custom",
    about: "Your own Python, which finds “source” and “variables”; what it prints, displays and ends with, and its figures, are shown.",
    takes: 'What the code finds in “variables”, such as {"n": 3}.',
  },
};

export const kindOf = (word: string | undefined): Kind => (word !== undefined && Object.hasOwn(KINDS, word) ? (word as Kind) : "TABLE");

export interface Asked {
  type: Kind;
  source: string;
  arguments: Record<string, Json>;
}

export interface Draft {
  kind: Kind;
  source: string;
  /** A JSON object, or nothing. */
  text: string;
  code: string;
}

/** Returns what a draft asks for, or what it lacks. */
export function asked({ kind, source, text, code }: Draft): { asked?: Asked; argumentsProblem?: string; isIncomplete: boolean } {
  const isIncomplete = kind === "CUSTOM" ? code.trim() === "" : source.trim() === "";
  let value: unknown = {};
  try {
    value = text.trim() === "" ? {} : JSON.parse(text);
  } catch (error) {
    return { argumentsProblem: `That is no JSON: ${(error as Error).message}`, isIncomplete };
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) return { argumentsProblem: "Arguments are a JSON object.", isIncomplete };
  if (isIncomplete) return { isIncomplete };
  const more: Record<string, Json> = kind === "CUSTOM" ? { code: code.split("\n") } : {};
  return { asked: { type: kind, source: source.trim(), arguments: { ...(value as Record<string, Json>), ...more } }, isIncomplete };
}

/** Returns what a run was given, as it was written: its arguments, and its code. */
export function written(given: Json | undefined): Pick<Draft, "text" | "code"> {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return { text: "", code: "" };
  const { code = "", ...rest } = given;
  return {
    text: Object.keys(rest).length === 0 ? "" : JSON.stringify(rest),
    code: Array.isArray(code) ? code.join("\n") : String(code),
  };
}
