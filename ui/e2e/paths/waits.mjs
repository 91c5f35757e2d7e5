// Tasks that wait for somebody: seen in the drawing, answered in the panel.
import { Api, startServer } from "../api.mjs";
import { greedy } from "../gallery.mjs";
import { check } from "../walk.mjs";

async function waiting(walk, api, name) {
  const pipeline = await api.upload("conformance/corpus-v1/suspend-approval/pipeline.yaml", name);
  const run = await api.run(pipeline.pipeline_id, name);
  await walk.open(`/runs/details/${run.run_id}`);
  // Before it a task waits for a second.
  await walk.page.getByRole("button", { name: /^approve, .*running/ }).waitFor({ timeout: 30_000 });
}

export const paths = {
  "wait: a task is let go on with what it asks for": async (walk, { api }) => {
    const { page } = walk;
    await waiting(walk, api, "asks for approval");
    await walk.button("Answer…").click();
    const answer = page.getByRole("region", { name: "Answer" });
    await answer.getByLabel("decision").selectOption("YES");
    await answer.getByLabel("Message").fill("looks good");
    await walk.accessible("the question of a waiting task");
    await walk.picture("waiting-task");
    await answer.getByRole("button", { name: "Resume" }).click();
    await page.locator("header").getByText("Succeeded").first().waitFor({ timeout: 30_000 });
    await page.getByRole("button", { name: /^deploy, .*succeeded/ }).first().waitFor();
    await walk.see("looks good");
  },

  "wait: the answer is no": async (walk, { api }) => {
    const { page } = walk;
    await waiting(walk, api, "asks in vain");
    await walk.button("Answer…").click();
    await page.getByRole("region", { name: "Answer" }).getByRole("button", { name: "Decline" }).click();
    await page.locator("header").getByText("Failed").first().waitFor({ timeout: 30_000 });
  },

  "wait: a time asks nobody, and may be cut short": async (walk, { api }) => {
    const { page } = walk;
    const pipeline = await api.upload("conformance/corpus-v1/suspend-approval/pipeline.yaml", "waits long");
    const run = await api.run(pipeline.pipeline_id, "waits long", { parameters: { pause: "3h" } });
    await walk.open(`/runs/details/${run.run_id}`);
    const pause = page.getByRole("button", { name: /^pause, .*running/ });
    await pause.waitFor({ timeout: 30_000 });
    await walk.button("Stop").first().waitFor();
    check((await walk.button("Answer…").count()) === 0, "a wait for a time asks for an answer");
    await pause.click();
    await walk.see(/it goes on by itself in (2|3) h/);
    check((await walk.button("Decline").count()) === 0, "a wait for a time can be declined");
    await walk.accessible("a task that waits for a time");
    await walk.button("Go on now").click();
    await page.getByRole("button", { name: /^approve, .*running/ }).waitFor({ timeout: 30_000 });
    await walk.button("Answer…").waitFor();
    await api.call("POST", `runs/${run.run_id}:terminate`);
  },

  "wait: for a GPU that another task has": async (walk) => {
    const { page } = walk;
    const server = await startServer({ extra: ["--gpus", "7"] });
    try {
      walk.url = server.url;
      const api = new Api(server.url);
      const run = await api.call("POST", "runs", { display_name: "greedy", pipeline_spec: greedy() });
      await walk.open(`/runs/details/${run.run_id}`);
      await page.getByRole("button", { name: /^(one|other), task, running/ }).click();
      await page.getByRole("tablist", { name: "About the task" }).getByRole("tab", { name: "Details" }).click();
      await walk.see(/GPUs 7/);
      await page.getByRole("button", { name: /^(one|other), task, (pending|waiting)/ }).click();
      await walk.see("It waits for room on the machine");
      await page.getByRole("row", { name: /^GPUs 1 0/ }).waitFor();
      await walk.accessible("a task that waits for a GPU");
      await walk.picture("waiting-for-a-gpu");
      await walk.open("/settings");
      await page.getByRole("meter", { name: "GPUs in use" }).waitFor();
      check((await page.getByRole("meter", { name: "GPUs in use" }).getAttribute("aria-valuetext")) === "1 of 1", "the GPU is not said to be in use");
      await walk.accessible("the settings of a server with a GPU");
    } finally {
      await server.stop();
    }
  },
};
