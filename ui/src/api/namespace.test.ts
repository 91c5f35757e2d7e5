import { expect, test } from "vitest";
import { address } from "./client";
import { chosenOf, lookIn } from "./namespace";
import type { NamespaceList } from "./generated";

const two: NamespaceList = { multi_user: true, namespaces: [{ name: "team-a", role: "editor" }, { name: "team-b", role: "viewer" }] };
const none: NamespaceList = { multi_user: true, namespaces: [] };
const all: NamespaceList = { ...none, everywhere: "admin", namespaces: [{ name: "default", role: "admin" }] };

test.each([
  [two, undefined, undefined, "team-a"],
  [two, "team-b", "team-a", "team-b"],
  [two, "team-c", "team-b", "team-b"],
  [two, undefined, "team-c", "team-a"],
  [all, "new-one", undefined, "new-one"],
  [none, "team-a", "team-a", undefined],
])("%j, %s in the address and %s before: %s", (list, inAddress, before, expected) => expect(chosenOf(list, inAddress, before)).toBe(expected));

test("requests name the namespace that is looked in, unless they name one", () => {
  const named = (path: string, query?: Record<string, string | undefined>) => new URL(address(path, query)).searchParams.get("namespace");
  expect(named("apis/v2beta1/runs")).toBe(null);
  lookIn("team-a");
  expect(named("apis/v2beta1/runs")).toBe("team-a");
  expect(named("apis/v2beta1/runs", { namespace: undefined })).toBe("team-a");
  expect(named("apis/v2beta1/pipelines", { namespace: "" })).toBe(null);
  expect(named("apis/v2beta1/pipelines", { namespace: "team-b" })).toBe("team-b");
  expect(named("favicon.svg")).toBe(null);
  lookIn(undefined);
});
