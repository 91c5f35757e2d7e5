// What every walk through the pages needs: a page that may not complain, and checks that say what was missing.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { root } from "./api.mjs";
import { openPage } from "./browser.mjs";

/** Where pictures of the walks are left to be looked at. */
const PICTURES = join(root, "target/ui-e2e");

export class Walk {
  static async begin(browser, url, options) {
    const opened = await openPage(browser, options);
    return Object.assign(new Walk(), opened, { url, allowed: [] });
  }

  /** Opens an address of the interface: what stands behind the `#`. */
  async open(route) {
    await this.page.goto(`${this.url}/#${route}`);
    await this.settled();
  }

  /** Waits until nothing is being read that the page shows a placeholder for. */
  async settled() {
    await this.page.waitForSelector("main h1", { timeout: 15_000 });
    await this.page.waitForFunction(() => !document.querySelector('[aria-busy="true"], [aria-label="Loading"]'), undefined, { timeout: 15_000 });
  }

  async title(expected) {
    await this.page.getByRole("heading", { level: 1, name: expected }).waitFor({ timeout: 15_000 });
  }

  see(text, timeout = 15_000) {
    return this.page.getByText(text).first().waitFor({ timeout });
  }

  button(name) {
    return this.page.getByRole("button", { name, exact: true });
  }

  async row(name) {
    const row = this.page.getByRole("row").filter({ has: this.page.getByRole("link", { name, exact: true }) }).first();
    await row.waitFor({ timeout: 15_000 });
    return row;
  }

  /** The worst that axe finds must be minor. */
  async accessible(where) {
    const { violations } = await new AxeBuilder({ page: this.page }).analyze();
    const grave = violations.filter((violation) => ["serious", "critical"].includes(violation.impact));
    if (grave.length > 0) {
      const told = grave.map((violation) => `${violation.id}: ${violation.help}\n${violation.nodes.slice(0, 4).map((node) => `    ${node.html.slice(0, 200)} ${node.any.map((any) => any.message).join("; ").slice(0, 160)}`).join("\n")}`);
      throw new Error(`axe on ${where}:\n${told.join("\n")}`);
    }
  }

  /** Takes a picture, for whoever wants to see what the walk saw. */
  async picture(name) {
    mkdirSync(PICTURES, { recursive: true });
    await this.page.screenshot({ path: join(PICTURES, `${name}.png`) });
  }

  /** Ends the walk; whatever the page complained about fails it. */
  async end() {
    const complaints = this.complaints.filter((complaint) => !this.allowed.some((pattern) => pattern.test(complaint)));
    await this.context.close();
    if (complaints.length > 0) throw new Error(`the page complained:\n  ${[...new Set(complaints)].join("\n  ")}`);
  }
}

export function check(holds, message) {
  if (!holds) throw new Error(message);
}
