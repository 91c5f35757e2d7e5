// Every page in both themes: axe finds nothing serious, and no page complains.
import { pagesOf } from "../pages.mjs";

/** The look at a task waits for its name in the drawing, which differs from run to run. */
const ELSEWHERE = ["run-task"];

async function through(walk, made, theme) {
  const { page } = walk;
  await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
  for (const [name, { route, prepare }] of Object.entries(pagesOf(made))) {
    if (ELSEWHERE.includes(name)) continue;
    // Another address behind the same `#` would keep what the page before had open.
    await page.goto("about:blank");
    await walk.open(route);
    await prepare?.(page);
    await page.waitForTimeout(300);
    await walk.accessible(`${name} in ${theme}`);
  }
}

export const paths = {
  "themes: every page in dark": (walk, { made }) => through(walk, made, "dark"),
  "themes: every page in light": (walk, { made }) => through(walk, made, "light"),
};
