// The page of a run: its drawing, what is beside it, and how it keeps up with a run that goes on.
import { Api, startServer } from "../api.mjs";
import { branches, gallery, sweep, talkative, wide } from "../gallery.mjs";
import { check } from "../walk.mjs";

const start = (api, name, spec) => api.call("POST", "runs", { display_name: name, pipeline_spec: spec });

async function finished(api, name, spec, seconds) {
  const run = await start(api, name, spec);
  const [ended] = await api.settled([run], seconds);
  return ended;
}

const tab = (page, name) => page.getByRole("tab", { name, exact: false }).first().click();

export const paths = {
  "run page: from the error to the log of the iteration that failed, and on to the next": async (walk, { api }) => {
    const { page } = walk;
    const run = await finished(api, "sweep", sweep(40));
    check(run.state === "FAILED", `the sweep ended as ${run.state}`);
    await walk.open(`/runs/details/${run.run_id}`);
    await walk.title(/sweep/);
    await page.getByRole("button", { name: /^flaky, task, succeeded, 2 attempts/ }).waitFor();
    await walk.accessible("the graph of a failed run");
    await page.getByRole("button", { name: "Go to fit" }).click();
    await page.waitForFunction(() => decodeURIComponent(location.hash).includes("task=root/for-loop-1[7]/fit"));
    await page.getByRole("tab", { name: "Logs" }).click();
    await walk.see("ERROR: item 7 does not fit");
    await walk.accessible("a log");
    const strip = page.getByRole("slider", { name: /Iteration shown below/ });
    await strip.focus();
    await page.keyboard.press("f");
    await page.waitForFunction(() => decodeURIComponent(location.hash).includes("for-loop-1[17]/fit"));
    await walk.see("ERROR: item 17 does not fit");
    // A link to a task in an iteration opens there.
    await page.reload();
    await walk.see("ERROR: item 17 does not fit");
    await page.getByRole("button", { name: /^for-loop-1, open loop, failed/ }).click();
    await tab(page, "Iterations");
    const first = page.getByRole("region", { name: "Iterations" }).getByRole("button").first();
    check((await first.textContent()).startsWith("7"), "failed iterations do not come first");
    await walk.accessible("the iterations of a loop");
    await page.getByLabel("Filter iterations by number or item").fill("23");
    await page.getByRole("region", { name: "Iterations" }).getByRole("button").first().click();
    await page.waitForFunction(() => decodeURIComponent(location.hash).includes("for-loop-1[23]"));
  },

  "run page: a loop of 1 000 iterations stays readable, and is folded in place": async (walk, { api }) => {
    const { page } = walk;
    const run = await finished(api, "sweep of 1000", sweep(1000));
    await walk.open(`/runs/details/${run.run_id}`);
    const strip = page.getByRole("slider", { name: /Iteration shown below/ });
    await strip.waitFor({ timeout: 30_000 });
    // What failed is shown first.
    await page.waitForFunction(() => document.querySelector('[role="slider"]')?.getAttribute("aria-valuetext")?.startsWith("Iteration 7 of 1000, failed"));
    await page.getByRole("button", { name: "100 failed" }).click();
    await page.waitForFunction(() => document.querySelector('[role="slider"]')?.getAttribute("aria-valuenow") === "17");
    await strip.press("End");
    await page.getByRole("button", { name: /^fit, task, succeeded/ }).waitFor();
    await walk.picture("strip-of-1000");
    await page.getByRole("button", { name: "Collapse for-loop-1" }).click();
    await strip.waitFor({ state: "detached" });
    await page.getByRole("button", { name: /^for-loop-1, loop, failed/ }).waitFor();
    await page.getByRole("button", { name: "Expand for-loop-1" }).click();
    await strip.waitFor();
    await walk.accessible("an open loop of 1 000 iterations");
  },

  "run page: attempts have logs of their own": async (walk, { api }) => {
    const { page } = walk;
    const run = await finished(api, "retried", sweep(1));
    await walk.open(`/runs/details/${run.run_id}?task=root/flaky&panel=logs`);
    await walk.see("try 1");
    await page.getByRole("radio", { name: /Attempt 1/ }).click();
    await walk.see("try 0");
    check(page.url().includes("attempt=0"), "the attempt is not in the address");
    for (const name of ["Details", "Events", "Cache", "Inputs and outputs"]) {
      await page.getByRole("tablist", { name: "About the task" }).getByRole("tab", { name }).click();
      await walk.accessible(`the panel's ${name}`);
    }
  },

  "run page: the graph is walked by keys, searched, turned and folded": async (walk, { api }) => {
    const { page } = walk;
    const run = await finished(api, "walked", gallery());
    await walk.open(`/runs/details/${run.run_id}`);
    await page.locator('[data-node="root/data"]').focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.waitForFunction(() => document.activeElement?.getAttribute("data-node") === "root/train");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => location.hash.includes("task=root"));
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => !location.hash.includes("task="));
    await page.locator('[data-node="root/train"]').focus();
    await page.keyboard.press("Control+f");
    await page.getByLabel("Find a task by name").fill("repo");
    await walk.see("1 of 1");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Show artifacts" }).click();
    await page.getByRole("button", { name: "Draw from left to right" }).click();
    await page.getByRole("button", { name: "Critical path", exact: true }).click();
    await page.getByRole("button", { name: "Zoom in" }).click();
    await page.getByRole("button", { name: "Fit everything" }).click();
    await walk.accessible("the graph with artifacts");
    await page.getByRole("button", { name: "Show artifacts" }).click();
    await page.getByRole("button", { name: "Draw from top to bottom" }).click();
  },

  "run page: the critical path is marked, and what was not waited for is not": async (walk, { api }) => {
    const { page } = walk;
    const run = await finished(api, "branches", branches());
    await walk.open(`/runs/details/${run.run_id}`);
    await page.getByRole("button", { name: /^join, task, succeeded/ }).waitFor();
    const marked = () => page.getByRole("button", { name: /on the critical path$/ }).evaluateAll((all) => all.map((node) => node.dataset.node.replace("root/", "")).sort().join(" "));
    check((await marked()) === "", "tasks are marked before anybody asked");
    await page.getByRole("button", { name: "Critical path", exact: true }).click();
    await page.getByRole("button", { name: /^join, .*on the critical path$/ }).waitFor();
    check((await marked()) === "begin join slow slower", `the marked tasks are ${await marked()}`);
    // The marked ones look different, too.
    const ring = (name) => page.locator(`[data-node="root/${name}"]`).evaluate((node) => getComputedStyle(node).boxShadow);
    check((await ring("slow")) !== (await ring("quick")), "a marked task looks like another");
    await walk.accessible("a critical path");
    await walk.picture("critical-path");
    await page.getByRole("button", { name: "Critical path", exact: true }).click();
    check((await marked()) === "", "the marks stay");
  },

  "run page: timeline, tasks, output, details and document": async (walk, { api }) => {
    // The gallery's page tries what it must not be able to do, and one of its reports lies out of reach.
    walk.allowed.push(/Content Security Policy|404.*key=report\.md/);
    const { page } = walk;
    const run = await finished(api, "tabs", gallery());
    await walk.open(`/runs/details/${run.run_id}?tab=timeline`);
    await page.getByRole("region", { name: "Timeline of tasks" }).getByRole("button", { name: /evaluate/ }).waitFor();
    await walk.accessible("the timeline");
    await tab(page, "Tasks");
    await page.getByRole("row").filter({ hasText: "evaluate" }).waitFor();
    await walk.accessible("the table of tasks");
    await tab(page, "Run output");
    await walk.see("0.9312");
    await walk.accessible("the output");
    await tab(page, "Details");
    await walk.see(run.run_id);
    await walk.accessible("the details");
    await tab(page, "Pipeline spec");
    await walk.see("schemaVersion");
    await walk.accessible("the document");
  },

  "run page: a run is followed live, and stopped": async (walk, { api }) => {
    const { page } = walk;
    const run = await start(api, "live", talkative(0.1));
    await walk.open(`/runs/details/${run.run_id}?task=root/slow&panel=logs`);
    await walk.see("line 30 of the slow task");
    await walk.button("Stop").first().click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Stop" }).click();
    await page.locator("header").getByText("Stopped").first().waitFor({ timeout: 30_000 });
    await page.getByRole("button", { name: /^slow, task, stopped/ }).waitFor();
    // It ran for seconds, so there are figures over time.
    await page.getByRole("tablist", { name: "About the task" }).getByRole("tab", { name: "Details" }).click();
    await page.getByRole("region", { name: "Resource use" }).getByRole("img", { name: /CPU and memory over time/ }).waitFor({ timeout: 15_000 });
  },

  "run page: one that is not there says so": async (walk) => {
    walk.allowed.push(/404/);
    await walk.open("/runs/details/00000000-0000-0000-0000-000000000000");
    await walk.see("There is no such run");
    await walk.accessible("a missing run");
  },

  "large: a log of 200 MB opens at its end, jumps and is searched": async (walk, { api }) => {
    const { page } = walk;
    const run = await start(api, "loud", talkative(200));
    await waitForTask(api.url, run.run_id, "root/loud");
    await walk.open(`/runs/details/${run.run_id}?task=root/loud`);
    await tab(page, "Logs");
    await walk.see("01999999 the quick brown fox");
    const log = page.getByRole("log");
    await log.focus();
    await page.keyboard.press("Home");
    await walk.see("00000000 the quick brown fox");
    await log.evaluate((element) => element.scrollTo(0, element.scrollHeight / 2));
    await page.getByText(/^0(09|10)\d{5} the quick/).first().waitFor();
    await log.evaluate((element) => element.scrollBy(0, 190));
    await page.getByText(/^0(09|10)\d{5} the quick/).first().waitFor();
    await page.keyboard.press("End");
    await walk.see("01999999 the quick brown fox");
  },

  "log: with a secret hidden in it, only what is looked at is read": async (walk) => {
    const { page } = walk;
    const server = await startServer();
    try {
      walk.url = server.url;
      const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "colour" }, stringData: { value: "brown fox" } };
      const kept = await fetch(`${server.url}/apis/pipewright/v1/namespaces/default/objects`, { method: "POST", body: JSON.stringify(secret), headers: { "Content-Type": "application/json" } });
      check(kept.ok, `the secret was not kept: ${kept.status}`);
      const api = new Api(server.url);
      const run = await start(api, "loud and discreet", talkative(20));
      await api.settled([run]);
      const whole = [];
      page.on("request", (request) => {
        const isPart = "range" in request.headers() || request.url().includes("follow=true");
        if (request.method() === "GET" && request.url().includes("/log?") && !isPart) whole.push(request.url());
      });
      await walk.open(`/runs/details/${run.run_id}?task=root/loud&panel=logs`);
      await walk.see("00199999 the quick ********* jumps over");
      await page.getByRole("log").focus();
      await page.keyboard.press("Home");
      await walk.see("00000000 the quick ********* jumps over");
      // Where a match is in the file is where it is shown.
      await page.getByLabel("Search in the log").fill("00123456 the quick");
      await walk.see("00123456 the quick ********* jumps over");
      // While it runs, too.
      const running = await start(api, "loud, discreet and busy", talkative(20, 600));
      await waitFor(() => fetch(`${server.url}/apis/pipewright/v1/runs/${running.run_id}/tasks/root%2Floud/log?in_place=true`, { method: "HEAD" }).then((answer) => Number(answer.headers.get("content-length")) >= LOUD_BYTES));
      await walk.open(`/runs/details/${running.run_id}?task=root/loud&panel=logs`);
      await walk.see("00199999 the quick ********* jumps over");
      await walk.see("live");
      check((await page.getByText("brown fox").count()) === 0, "the secret is shown");
      check(whole.length === 0, `the log was read as a whole: ${whole[0]}`);
    } finally {
      await server.stop();
    }
  },

  "large: a run of 1 000 tasks is drawn and moved": async (walk, { api }) => {
    const { page } = walk;
    const run = await start(api, "wide", wide(1000));
    await api.settled([run]);
    await walk.open(`/runs/details/${run.run_id}`);
    await page.waitForFunction(() => performance.getEntriesByName("graph painted").length > 0);
    for (let step = 0; step < 7; step++) await page.getByRole("button", { name: "Zoom in" }).click();
    await page.mouse.move(900, 500);
    await page.mouse.down();
    for (let step = 0; step < 20; step++) await page.mouse.move(900 - step * 18, 500 + step * 12);
    await page.mouse.up();
    await page.getByRole("button", { name: "Find a task" }).click();
    await page.getByLabel("Find a task by name").fill("task-777");
    const found = page.locator('[data-node="root/task-777"]');
    await found.waitFor();
    // The small drawing leads elsewhere, and the search back.
    await page.locator("[data-minimap]").click({ position: { x: 88, y: 6 } });
    const isSeen = (element) => element.getBoundingClientRect().top < innerHeight && element.getBoundingClientRect().bottom > 0;
    await waitFor(async () => !(await found.evaluate(isSeen)));
    await page.getByLabel("Find a task by name").press("Enter");
    await waitFor(() => found.evaluate(isSeen));
  },
};

/** What `talkative(20)` prints at least. */
const LOUD_BYTES = 18_000_000;

async function waitFor(isSo) {
  for (let look = 0; look < 600; look++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error("it did not come to be");
}

async function waitForTask(url, run, key) {
  for (let look = 0; look < 600; look++) {
    const { tasks } = await fetch(`${url}/apis/pipewright/v1/runs/${run}/progress?under=root`).then((answer) => answer.json());
    const state = tasks.find((task) => task.key === key)?.state;
    if (state === "SUCCEEDED") return;
    if (state === "FAILED") throw new Error(`${key} failed`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(`${key} did not end`);
}
