/** Filters of list calls: predicates that must all hold, written as the API wants them. */

export interface Predicate {
  key: string;
  operation: "EQUALS" | "NOT_EQUALS" | "GREATER_THAN" | "GREATER_THAN_EQUALS" | "LESS_THAN" | "LESS_THAN_EQUALS" | "IN" | "IS_SUBSTRING";
  string_value?: string;
  timestamp_value?: string;
  string_values?: { values: string[] };
}

export const equals = (key: string, value: string): Predicate => ({ key, operation: "EQUALS", string_value: value });
export const differs = (key: string, value: string): Predicate => ({ key, operation: "NOT_EQUALS", string_value: value });
export const contains = (key: string, value: string): Predicate => ({ key, operation: "IS_SUBSTRING", string_value: value });
export const isIn = (key: string, values: string[]): Predicate => ({ key, operation: "IN", string_values: { values } });
export const since = (key: string, time: string): Predicate => ({ key, operation: "GREATER_THAN_EQUALS", timestamp_value: time });

/** Returns the text of the `filter` parameter, or nothing when there is nothing to filter by. */
export function filterText(predicates: (Predicate | undefined | false)[]): string | undefined {
  const wanted = predicates.filter((predicate): predicate is Predicate => Boolean(predicate));
  return wanted.length === 0 ? undefined : JSON.stringify({ predicates: wanted });
}
