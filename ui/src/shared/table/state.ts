/** What a list shows (filter, order, page, columns, selection), kept in the URL; habits are remembered per list. */
import { useMemo } from "react";
import type { ListArguments } from "@/api/queries";
import { remember, remembered } from "../storage";
import { useUrlState } from "../url";

export const SIZES = [10, 20, 50, 100] as const;

export interface TableState {
  name: string;
  /** The text of the filter box. */
  filter: string;
  setFilter: (text: string) => void;
  sort: { key: string; descending: boolean };
  /** Sorts by a key; once more turns the order. */
  toggleSort: (key: string) => void;
  size: number;
  setSize: (size: number) => void;
  /** From 1 on. */
  page: number;
  goNext: (token: string) => void;
  goBack: () => void;
  hidden: ReadonlySet<string>;
  toggleColumn: (id: string) => void;
  selected: ReadonlySet<string>;
  select: (keys: Iterable<string>) => void;
  /** For the list call. */
  args: Pick<ListArguments, "pageSize" | "pageToken" | "sortBy">;
}

/** Before the name of a metric that a list is sorted by. */
export const METRIC = "metric:";

/** Reads `key`, `key asc` or `key desc`; names of metrics may hold spaces. */
export function readSort(text: string): TableState["sort"] {
  const match = /^(.*?)(?: (asc|desc))?$/s.exec(text);
  return { key: match?.[1] ?? "", descending: match?.[2] === "desc" };
}

export interface TableOptions {
  /** Names the list in storage, and in the URL when a page has several (`prefix`). */
  name: string;
  prefix?: string;
  sort?: string;
  size?: number;
  /** Columns that are not shown until asked for. */
  hidden?: string[];
}

/** Tokens of pages that were left by "Next", so that "Back" finds them. */
const tokens = new Map<string, string[]>();

export function useTableState({ name, prefix = "", sort: usual = "created_at desc", size: usualSize = 20, hidden: usuallyHidden = [] }: TableOptions): TableState {
  const [url, patch] = useUrlState();
  const key = (word: string) => (prefix ? `${prefix}.${word}` : word);
  const read = (word: string) => url[key(word)];
  const write = (changes: Record<string, string | undefined>, options?: { push?: boolean }) =>
    patch(Object.fromEntries(Object.entries(changes).map(([word, value]) => [key(word), value])), options);

  const filter = read("q") ?? "";
  const sortText = read("sort") ?? remembered<string>(`table.${name}.sort`) ?? usual;
  const sort = readSort(sortText);
  const rememberedSize = remembered<number>(`table.${name}.size`);
  const size = Number(read("size")) || rememberedSize || usualSize;
  const page = Number(read("page")) || 1;
  const token = read("token");
  const columnsText = read("hide") ?? remembered<string>(`table.${name}.hide`) ?? usuallyHidden.join(",");
  const hidden = useMemo(() => new Set(columnsText.split(",").filter((id) => id !== "" && id !== "-")), [columnsText]);
  const selectedText = read("selected") ?? "";
  const selected = useMemo(() => new Set(selectedText.split(",").filter(Boolean)), [selectedText]);

  const first = { page: undefined, token: undefined };
  const trail = `${name} ${prefix} ${filter} ${sortText} ${size}`;
  return {
    name,
    filter,
    setFilter: (text) => write({ q: text || undefined, ...first }),
    sort,
    toggleSort: (wanted) => {
      const isHighFirst = wanted.endsWith("_at") || wanted.startsWith(METRIC);
      const next = `${wanted} ${sort.key === wanted ? (sort.descending ? "asc" : "desc") : isHighFirst ? "desc" : "asc"}`;
      remember(`table.${name}.sort`, next);
      write({ sort: next === usual ? undefined : next, ...first });
    },
    size,
    setSize: (next) => {
      remember(`table.${name}.size`, next);
      write({ size: next === usualSize ? undefined : String(next), ...first });
    },
    page,
    goNext: (next) => {
      const known = tokens.get(trail) ?? [];
      known[page] = next;
      tokens.set(trail, known);
      write({ page: String(page + 1), token: next }, { push: true });
    },
    goBack: () => {
      const before = tokens.get(trail)?.[page - 2];
      write(page > 2 && before ? { page: String(page - 1), token: before } : first, { push: true });
    },
    hidden,
    toggleColumn: (id) => {
      const next = new Set(hidden);
      if (!next.delete(id)) next.add(id);
      const text = [...next].join(",") || "-";
      remember(`table.${name}.hide`, text);
      write({ hide: text === usuallyHidden.join(",") ? undefined : text });
    },
    selected,
    select: (keys) => write({ selected: [...keys].join(",") || undefined }),
    args: { pageSize: size, pageToken: token, sortBy: sortText },
  };
}
