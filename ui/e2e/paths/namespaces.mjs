// A server whose users have their runs and pipelines apart by namespace.
import { readFileSync, writeFileSync } from "node:fs";
import { root, startServer } from "../api.mjs";
import { check } from "../walk.mjs";

const PASSWORD = "correct horse battery";
/** Runs without any parameter. */
const FILE = `${root}conformance/corpus/after/pipeline.yaml`;

async function logIn(walk, server, user, route = "/pipelines") {
  const { page } = walk;
  await page.goto(`${server.url}/#${route}`);
  await page.getByLabel("User").fill(user);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Log in" }).click();
}

async function logOut(walk, user) {
  await walk.page.getByRole("button", { name: user }).click();
  await walk.page.getByRole("menuitem", { name: "Log out" }).click();
  await walk.page.getByRole("heading", { name: "Log in to Pipewright" }).waitFor();
}

/** Uploads by the form, as private or as shared. */
async function upload(walk, name, isShared) {
  const { page } = walk;
  await page.getByRole("link", { name: "Upload", exact: true }).click();
  await walk.title("Upload a pipeline");
  await page.getByRole("radio", { name: isShared ? "Shared by all" : /^Private to/ }).click();
  await page.locator('input[type="file"]').setInputFiles(FILE);
  await walk.see(/\d+ tasks? ·/);
  await page.getByRole("textbox", { name: /^Name/ }).fill(name);
  await walk.button("Upload").click();
  await walk.title(name);
}

export const paths = {
  "namespaces: each team has its own lists, and what all share beside them": async (walk) => {
    const { page } = walk;
    const users = {
      root: { role: "admin", password: PASSWORD },
      ada: { roles: ["team-a=editor", "team-b=viewer"], password: PASSWORD },
    };
    const server = await startServer({ users, extra: ["--auth", "required", "--multi-user"] });
    walk.allowed.push(/401/);
    try {
      // Who may everything goes into a namespace that is not there yet.
      await logIn(walk, server, "root");
      await walk.title("Pipelines");
      check(page.url().includes("ns=default"), page.url());
      await page.getByRole("button", { name: /^Namespace:/ }).click();
      await page.getByRole("dialog").locator("input").fill("team-b");
      await page.getByRole("button", { name: "Look in “team-b”" }).click();
      await page.waitForURL(/ns=team-b/);
      await upload(walk, "of-team-b", false);
      await page.getByRole("link", { name: "Pipelines", exact: true }).first().click();
      await walk.row("of-team-b");
      check(page.url().includes("ns=team-b"), `a link forgot the namespace: ${page.url()}`);
      await page.getByRole("radio", { name: "Shared" }).click();
      await upload(walk, "for-all", true);
      await logOut(walk, "root");

      await logIn(walk, server, "ada", "/pipelines?ns=team-a");
      await walk.title("Pipelines");
      await upload(walk, "of-team-a", false);
      await page.getByRole("link", { name: "New run" }).or(page.getByRole("link", { name: "Run", exact: true })).first().click();
      await walk.title("New run");
      await page.getByRole("button", { name: /^Pipeline:/ }).click();
      await walk.see("for-all");
      await walk.picture("namespaces-choose-pipeline");
      await page.keyboard.press("Escape");
      await walk.button("Start").click();
      await page.waitForURL(/runs\/details/);
      await walk.see("Succeeded");
      await page.getByRole("link", { name: "Runs", exact: true }).first().click();
      await walk.title("Runs");
      await page.getByRole("row").nth(1).waitFor();
      const runs = await page.getByRole("row").count();
      await walk.picture("namespaces-runs");

      // She looks into the other team's and may not change anything there.
      await page.getByRole("button", { name: /^Namespace:/ }).click();
      await page.getByRole("option", { name: /team-b/ }).click();
      await page.waitForURL(/ns=team-b/);
      await walk.see("No runs");
      check((await page.getByRole("row").count()) < runs, "runs of another namespace show");
      await page.getByRole("link", { name: "Pipelines", exact: true }).first().click();
      await walk.row("of-team-b");
      check((await page.getByRole("link", { name: "of-team-a" }).count()) === 0, "a private pipeline shows elsewhere");
      await page.getByRole("link", { name: "Upload", exact: true }).waitFor({ state: "detached" });
      await page.getByRole("radio", { name: "Shared" }).click();
      await walk.row("for-all");
      await walk.accessible("the shared pipelines");
      await walk.picture("namespaces-shared");
      // It is remembered, also without the address.
      await page.goto(`${server.url}/#/pipelines`);
      await page.reload();
      await page.waitForURL(/ns=team-b/);
      await page.goto(`${server.url}/#/runs?ns=team-c`);
      await walk.see("You have no role in namespace “team-c”.");
      await page.goto(`${server.url}/#/shared/pipelines?ns=team-a`);
      await walk.row("for-all");
      await logOut(walk, "ada");
      // It would complain about a server that is gone.
      await page.goto("about:blank");
    } finally {
      await server.stop();
    }
  },

  "namespaces: the dashboard around the pages chooses": async (walk) => {
    const { page } = walk;
    const server = await startServer({ extra: ["--multi-user"] });
    try {
      // As Kubeflow's dashboard does it: a page of the same origin tells its frame what is chosen.
      await page.route(`${server.url}/dashboard`, (route) =>
        route.fulfill({
          contentType: "text/html",
          body: `<!doctype html><html lang="en"><title>Dashboard</title><body><script>
            const tell = (value) => frames[0].postMessage({ type: "namespace-selected", value }, location.origin);
            addEventListener("message", (event) => event.data.type === "iframe-connected" && tell("team-a"));
          </script><iframe title="Pipelines" src="/pipeline/#/runs" width="1200" height="700"></iframe></body></html>`,
        }),
      );
      await page.goto(`${server.url}/dashboard`);
      const frame = page.frameLocator("iframe");
      await frame.getByRole("button", { name: "Namespace: team-a" }).waitFor();
      await page.evaluate(() => tell("team-b"));
      await frame.getByRole("button", { name: "Namespace: team-b" }).waitFor();
      check(page.frames()[1].url().includes("ns=team-b"), page.frames()[1].url());
      // It would complain about a server that is gone.
      await page.goto("about:blank");
    } finally {
      await server.stop();
    }
  },

  "namespaces: who has no role is told so": async (walk) => {
    const { page } = walk;
    const users = { root: { role: "admin", password: PASSWORD }, eve: { role: "viewer", password: PASSWORD } };
    const server = await startServer({ users, extra: ["--auth", "required", "--multi-user"] });
    walk.allowed.push(/401/);
    try {
      // The command line gives nobody an account without a role; an administrator takes one away in the file.
      const file = `${server.home}/home/access.toml`;
      const text = readFileSync(file, "utf8");
      check(text.includes('"*" = "viewer"'), text);
      writeFileSync(file, text.replace('"*" = "viewer"', ""));
      await logIn(walk, server, "eve");
      await walk.see("You have no role in any namespace");
      await walk.accessible("the page of somebody without a role");
      await walk.picture("namespaces-no-role");
      // It would complain about a server that is gone.
      await page.goto("about:blank");
    } finally {
      await server.stop();
    }
  },
};
