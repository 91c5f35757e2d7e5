// Walks through the real pages in a real browser, on a real server. `node e2e/run.mjs [name…]` runs some of the walks.
import { readdirSync } from "node:fs";
import { launch } from "./browser.mjs";
import { Api, startServer } from "./api.mjs";
import { seed } from "./seed.mjs";
import { Walk } from "./walk.mjs";

const folder = new URL("./paths/", import.meta.url);
const wanted = process.argv.slice(2);

const server = await startServer();
const browser = await launch();
let failures = 0;
try {
  const api = new Api(server.url);
  const made = await seed(api);
  for (const file of readdirSync(folder).sort()) {
    const { paths, after } = await import(new URL(file, folder));
    for (const [name, path] of Object.entries(paths)) {
      if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue;
      const begun = Date.now();
      const walk = await Walk.begin(browser, server.url);
      try {
        await path(walk, { api, made, browser, server });
        await walk.end();
        console.log(`ok    ${name} (${Date.now() - begun} ms)`);
      } catch (error) {
        failures++;
        const picture = `failed-${name.replace(/\W+/g, "-")}`;
        await walk.picture(picture).catch(() => {});
        console.error(`FAIL  ${name}: ${error.message}\n      complaints: ${[...new Set(walk.complaints)].join("\n        ") || "none"}\n      picture: target/ui-e2e/${picture}.png`);
        await walk.context.close().catch(() => {});
      }
    }
    await after?.();
  }
} finally {
  await browser.close();
  await server.stop();
}
process.exit(failures === 0 ? 0 : 1);
