// Tasks that wait for somebody: seen in the drawing, answered in the panel.
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
};
