/** What a pipeline file would be, and what is wrong with it, before anything is stored. */
import { queryOptions } from "@tanstack/react-query";
import { ApiError, address } from "./client";
import { own } from "./own";
import type { CheckView } from "./own-types";
import type { Json } from "./types";

/** Lets the server read a file. */
export async function checkFile(body: Blob | string, signal?: AbortSignal): Promise<CheckView> {
  const response = await fetch(address(`${own}/check`), { method: "POST", body, signal, headers: { "Content-Type": "application/octet-stream" } });
  if (!response.ok) throw new ApiError(`The file could not be read (${response.status})`, response.status, await response.text());
  return (await response.json()) as CheckView;
}

/** The plan of a pipeline that is at hand as an object, such as that of a run without a pipeline version. */
export const checkSpec = (spec: Record<string, Json> | undefined) =>
  queryOptions({
    queryKey: ["check", spec],
    queryFn: async ({ signal }) => {
      const view = await checkFile(JSON.stringify(spec), signal);
      if (!view.graph) throw new ApiError(view.diagnostics[0]?.message ?? "The pipeline cannot be read", 400);
      return view.graph;
    },
    enabled: spec !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
  });
