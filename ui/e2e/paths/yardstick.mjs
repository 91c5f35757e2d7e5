// The walk of the tutorial with the mouse alone: from a file to its metrics.
import { join } from "node:path";
import { root } from "../api.mjs";
import { check } from "../walk.mjs";

export const paths = {
  "yardstick: upload, experiment, run with its parameters, graph turns green, logs, metrics": async (walk) => {
    const { page } = walk;
    await walk.open("/pipelines");
    await page.getByRole("link", { name: "Upload" }).click();
    await walk.title("Upload a pipeline");
    await page.setInputFiles("input[type=file]", join(root, "examples/crypto-forecasting/pipeline.yaml"));
    await walk.see("6 tasks");
    await page.getByLabel("Name").fill("crypto by hand");
    await walk.button("Upload").click();
    await walk.title(/crypto by hand/);
    await page.getByText("feature-engineering").first().waitFor({ timeout: 15_000 });

    await page.getByRole("link", { name: "New run" }).click();
    await walk.title("New run");
    await page.getByRole("button", { name: /^Experiment/ }).click();
    await page.getByPlaceholder("Search").fill("forecasts");
    await page.getByRole("button", { name: "Create “forecasts”" }).click();
    await page.getByRole("button", { name: "Experiment: forecasts" }).waitFor();
    await page.getByLabel("dataset").fill("g-research-crypto-forecasting");
    await page.getByLabel("data_path").fill("/mnt");
    await walk.button("Start").click();
    await page.waitForFunction(() => location.hash.startsWith("#/runs/details/"), undefined, { timeout: 15_000 });
    // The first time, the environment of the steps is installed: minutes on a slow machine.
    await page.locator("header").getByText("Succeeded").first().waitFor({ timeout: 900_000 });
    await walk.accessible("the run");
    await page.getByText("evaluation", { exact: true }).first().click();
    await page.getByRole("tab", { name: /Inputs and outputs/ }).click();
    await page.getByText("report").first().waitFor({ timeout: 15_000 });
    await page.getByRole("tab", { name: "Logs", exact: true }).click();
    await page.getByRole("log").waitFor({ timeout: 15_000 });
    await page.getByRole("tab", { name: "Events", exact: true }).click();
    await page.getByRole("tab", { name: "Run output" }).click();
    await page.getByText("root-mean-squared-error").first().waitFor({ timeout: 30_000 });
    await walk.accessible("the metrics");
    check(page.url().includes("/runs/details/"), "the walk left the run");
  },
};
