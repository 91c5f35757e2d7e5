// Comma-separated text as rows. Quotes as RFC 4180 has them; whatever is wrong is kept as text, never refused.

/** Reads at most `most` rows; the separator is a tab when the first line has tabs and no commas. */
export function parseCsv(text: string, most = Number.POSITIVE_INFINITY): string[][] {
  const separator = separatorOf(text);
  const rows: string[][] = [];
  let row: string[] = [];
  let field = "";
  let isQuoted = false;
  const endField = () => {
    row.push(field);
    field = "";
  };
  const endRow = () => {
    endField();
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
  };
  for (let at = 0; at < text.length && rows.length < most; at++) {
    const sign = text[at];
    if (isQuoted) {
      if (sign !== '"') field += sign;
      else if (text[at + 1] === '"') {
        field += '"';
        at += 1;
      } else isQuoted = false;
    } else if (sign === '"' && field === "") isQuoted = true;
    else if (sign === separator) endField();
    else if (sign === "\n") endRow();
    else if (sign !== "\r" || text[at + 1] !== "\n") field += sign;
  }
  if (rows.length < most && (field !== "" || row.length > 0)) endRow();
  return rows;
}

function separatorOf(text: string): string {
  const line = text.slice(0, text.indexOf("\n") < 0 ? 4096 : text.indexOf("\n"));
  return line.includes("\t") && !line.includes(",") ? "\t" : ",";
}

/** Tells whether all of these are numbers, so that a column may stand right. */
export function areNumbers(values: readonly unknown[]): boolean {
  const given = values.filter((value) => value !== "" && value !== null && value !== undefined);
  return given.length > 0 && given.every((value) => typeof value === "number" || (typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value))));
}

/** Tells whether a text is a table although nothing says so: several lines, all with the same two or more fields. */
export function tableOf(text: string): { columns: { name: string }[]; rows: string[][] } | undefined {
  if (!/^[^\n]*[,\t]/.test(text)) return undefined;
  const rows = parseCsv(text, 1001);
  const [header, ...body] = rows;
  if (header === undefined || header.length < 2 || body.length === 0 || header.some((name) => name.length > 80)) return undefined;
  // The last row may be cut off.
  const whole = body.slice(0, Math.max(1, body.length - 1));
  if (!whole.every((row) => row.length === header.length)) return undefined;
  return { columns: header.map((name) => ({ name })), rows: body.filter((row) => row.length === header.length) };
}
