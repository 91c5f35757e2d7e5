/** How the page talks to the server: where the API lies, errors as values of one class, nothing cached here. */

import { meansChosen, namespace } from "./namespace";

/** The folder the page was served from: `/` or `/pipeline/`. */
export const base = new URL("./", document.baseURI.split("#")[0]);

/** Returns the absolute address of a path of this server, such as `apis/v2beta1/runs`. */
export function address(path: string, query?: Query): string {
  const url = new URL(path.replace(/^\//, ""), base);
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== "") url.searchParams.set(key, String(value));
  }
  if (meansChosen(path, query?.["namespace"])) url.searchParams.set("namespace", namespace()!);
  return url.href;
}

export type Query = Record<string, string | number | boolean | undefined>;

/** What the server answered instead of a result. `message` names the object and, as a rule, the remedy. */
export class ApiError extends Error {
  override name = "ApiError";
  constructor(
    message: string,
    /** The HTTP status; 0 when the server could not be reached. */
    readonly status: number,
    /** What else the answer said, for the details of a banner. */
    readonly details?: string,
  ) {
    super(message);
  }
  get isMissing(): boolean {
    return this.status === 404;
  }
  get isOffline(): boolean {
    return this.status === 0;
  }
}

/** Called when the server wants a login; the shell shows the login page. */
let onUnauthenticated: () => void = () => {};
export function whenUnauthenticated(callback: () => void): void {
  onUnauthenticated = callback;
}

export interface Call {
  query?: Query;
  body?: unknown;
  form?: FormData;
  /** Sent as it is. */
  file?: Blob;
  signal?: AbortSignal;
}

/** Asks the server and returns the JSON of the answer. */
export async function call<T>(method: string, path: string, asked: Call = {}): Promise<T> {
  const response = await send(method, path, asked);
  const text = await response.text();
  return (text === "" ? {} : JSON.parse(text)) as T;
}

/** Ids of what is being deleted from here, or has been: pages that still show it ask for nothing that is not there. */
const deleted = new Set<string>();

/** Deletes a thing, about which nobody asks from now on. */
export async function removeThing(path: string, id: string, query?: Query): Promise<unknown> {
  deleted.add(id);
  try {
    return await remove(`${path}/${id}`, query);
  } catch (error) {
    deleted.delete(id);
    throw error;
  }
}

/** Asks the server and returns the answer as it is, once its status says that it is one. */
export async function send(method: string, path: string, { query, body, form, file, signal }: Call = {}): Promise<Response> {
  if (method === "GET" && path.split("/").some((part) => deleted.has(part))) throw new ApiError("It has been deleted.", 404);
  let response: Response;
  try {
    response = await fetch(address(path, query), {
      method,
      signal,
      credentials: "same-origin",
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: form ?? file ?? (body === undefined ? undefined : JSON.stringify(body)),
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiError("The server cannot be reached. It may be restarting; the page tries again by itself.", 0);
  }
  if (!response.ok) throw await failure(response);
  return response;
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal) => call<T>("GET", path, { query, signal });
export const post = <T>(path: string, body?: unknown, query?: Query) => call<T>("POST", path, { body, query });
export const patch = <T>(path: string, body: unknown) => call<T>("PATCH", path, { body });
export const remove = <T>(path: string, query?: Query) => call<T>("DELETE", path, { query });

/** What is longer is a page of a proxy and no message. */
const LONGEST_SENTENCE = 300;

async function failure(response: Response): Promise<ApiError> {
  const text = await response.text();
  if (response.status === 401) onUnauthenticated();
  try {
    const answer = JSON.parse(text) as Record<string, unknown>;
    // Uploads say `error_message`, everything else `message`.
    const message = answer["message"] ?? answer["error_message"] ?? answer["error"];
    if (typeof message === "string" && message !== "") {
      return new ApiError(sentence(message), response.status, detailsOf(answer));
    }
  } catch {
    // Not JSON: a proxy answered, or nobody; or a route of Kubeflow's own UI server, which says it plainly.
    const isPlain = response.headers.get("Content-Type")?.startsWith("text/plain") === true;
    if (isPlain && text !== "" && text.length <= LONGEST_SENTENCE) return new ApiError(sentence(text), response.status);
  }
  return new ApiError(`The server answered ${response.status} ${response.statusText}`.trim(), response.status, text);
}

function detailsOf(answer: Record<string, unknown>): string | undefined {
  const details = answer["error_details"] ?? answer["details"];
  if (typeof details === "string") return details;
  return Array.isArray(details) && details.length > 0 ? JSON.stringify(details, null, 2) : undefined;
}

/** Server messages begin in lower case so that they read well inside others; here they stand alone. */
function sentence(message: string): string {
  return message.charAt(0).toUpperCase() + message.slice(1);
}

/** Returns what to show of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
