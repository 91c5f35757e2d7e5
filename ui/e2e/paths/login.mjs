// A server that wants to know who asks.
import { startServer } from "../api.mjs";
import { check } from "../walk.mjs";

export const paths = {
  "login: one comes out where one went in, and out again": async (walk) => {
    const { page } = walk;
    const users = { ada: { role: "admin", password: "correct horse battery" }, bob: { role: "viewer", password: "staple of batteries" } };
    const server = await startServer({ users, extra: ["--auth", "required"] });
    // What is refused before the login is the browser's to note.
    walk.allowed.push(/401/);
    try {
      await page.goto(`${server.url}/#/experiments`);
      await page.getByRole("heading", { name: "Log in to Pipewright" }).waitFor();
      await walk.accessible("the login");
      await page.getByLabel("User").fill("ada");
      await page.getByLabel("Password").fill("wrong");
      await page.getByRole("button", { name: "Log in" }).click();
      await walk.see("User and password do not match.");
      await page.getByLabel("Password").fill("correct horse battery");
      await page.getByRole("button", { name: "Log in" }).click();
      await walk.title("Experiments");
      await walk.row("Default");
      await page.getByRole("button", { name: "ada" }).click();
      await walk.see("admin");
      await page.getByRole("menuitem", { name: "Log out" }).click();
      await page.getByRole("heading", { name: "Log in to Pipewright" }).waitFor();
      check(page.url().endsWith("#/experiments"), page.url());

      await page.getByLabel("User").fill("bob");
      await page.getByLabel("Password").fill("staple of batteries");
      await page.getByRole("button", { name: "Log in" }).click();
      await walk.row("Default");
      await page.getByRole("link", { name: "New experiment" }).waitFor({ state: "detached" });
      await page.getByRole("button", { name: "Actions on Default" }).click();
      const entry = page.getByRole("menuitem", { name: /^New run/ });
      check((await entry.getAttribute("aria-disabled")) === "true", "a viewer may start runs by the menu");
      await walk.see("You may look and not change anything: your role is viewer.");
      await walk.accessible("a menu of a viewer");
      await page.keyboard.press("Escape");
      for (const [route, button] of [["/experiments/new", "Create"], ["/runs/new", "Start"], ["/pipeline_versions/new", "Upload"]]) {
        await page.goto(`${server.url}/#${route}`);
        await walk.see("You cannot send this form");
        check(await walk.button(button).isDisabled(), `a viewer may press ${button}`);
      }
      await walk.accessible("a form of a viewer");
    } finally {
      await server.stop();
    }
  },
};
