import { expect, test } from "vitest";
import type { WhoAmI } from "@/api/own-types";
import { mayEdit } from "./EditorOnly";

const who = (required: boolean, roles: WhoAmI["roles"]): WhoAmI => ({ required, roles, authenticated: true, login: { password: true }, namespaces: false, user: "ada", method: "session", is_admin: false });

test.each([
  [undefined, true],
  [who(false, {}), true],
  [who(true, { "*": "viewer" }), false],
  [who(true, { "*": "viewer", "team-a": "editor" }), false],
  [who(true, { "*": "viewer", default: "editor" }), true],
  [who(true, { "*": "admin" }), true],
  [who(true, {}), false],
  [who(true, { "team-a": "editor" }), true, "team-a"],
  [who(true, { "team-a": "editor", default: "admin" }), false, "team-b"],
  [who(true, { "team-a": "editor" }), false, "*"],
] as [WhoAmI | undefined, boolean, string?][])("%j may change things: %s", (someone, expected, namespace) => expect(mayEdit(someone, namespace)).toBe(expected));
