/** What the server says of itself, of a pipeline's history, and of who is logged in. */
import { queryOptions } from "@tanstack/react-query";
import { get, post } from "./client";
import { own } from "./own";
import type { About, PipelineStatistics, WhoAmI } from "./own-types";

export const getAbout = () =>
  queryOptions({ queryKey: ["about"], queryFn: ({ signal }) => get<About>(`${own}/about`, undefined, signal), staleTime: 60_000, retry: false });

export const getStatistics = (pipelineId: string, days: number) =>
  queryOptions({
    queryKey: ["pipelines", "statistics", pipelineId, days],
    queryFn: ({ signal }) => get<PipelineStatistics>(`${own}/pipelines/${pipelineId}/statistics`, { days }, signal),
  });

export const getWhoAmI = () =>
  queryOptions({ queryKey: ["whoami"], queryFn: ({ signal }) => get<WhoAmI>(`${own}/whoami`, undefined, signal), staleTime: 60_000, retry: false });
export const logIn = (user: string, password: string) => post<WhoAmI>(`${own}/login`, { user, password });
export const logOut = () => post(`${own}/logout`);
