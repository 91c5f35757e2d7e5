// Visualizations: what the creator draws of an artifact, and what it says when nothing can be drawn.
import { gallery } from "../gallery.mjs";
import { check } from "../walk.mjs";

async function table(api) {
  const [run] = await api.settled([await api.call("POST", "runs", { display_name: "to be drawn", pipeline_spec: gallery() })]);
  const { artifacts } = await (await fetch(`${api.url}/apis/pipewright/v1/artifacts?run_id=${run.run_id}&name=table`)).json();
  return artifacts[0];
}

/** Writes into an editor of code. */
async function write(page, name, text) {
  const editor = page.getByRole("textbox", { name });
  await editor.click();
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.insertText(text);
}

export const paths = {
  "visualize: a table of an artifact, and again as a page": async (walk, { api }) => {
    walk.allowed.push(/Content Security Policy|Refused|blocked|sandbox|violates/i);
    const { page } = walk;
    const artifact = await table(api);
    await walk.open(`/artifacts/${artifact.artifact_id}`);
    await page.getByRole("link", { name: "Visualize" }).click();
    await walk.title("Visualize");
    check((await page.getByLabel("Source").inputValue()) === artifact.uri, "the source is not the artifact's address");
    await walk.accessible("the visualization creator");
    await walk.button("Generate").click();
    const frame = page.frameLocator('iframe[title="Visualization"]');
    await frame.getByRole("cell", { name: "city 499", exact: true }).waitFor({ timeout: 60_000 });
    check((await frame.getByRole("columnheader", { name: "people" }).count()) === 1, "the table has no header");
    await walk.accessible("a visualization");
    await walk.picture("visualize-table");
    // The address has all of it.
    await page.reload();
    await frame.getByRole("cell", { name: "city 499", exact: true }).waitFor({ timeout: 30_000 });
    await page.getByRole("link", { name: "Show its run" }).click();
    await walk.title("TABLE of table");
  },
  "visualize: Python code, and the end of one that fails": async (walk) => {
    walk.allowed.push(/Content Security Policy|Refused|blocked|sandbox|violates/i);
    const { page } = walk;
    await walk.open("/visualize?type=CUSTOM");
    check(await walk.button("Generate").isDisabled(), "nothing can be generated of no code");
    await write(page, "Arguments as JSON", "[1]");
    await walk.see("Arguments are a JSON object.");
    await write(page, "Arguments as JSON", '{"n": 3}');
    await write(page, "Python code", "print('printed', variables['n'])\nclass Bars:\n    def _repr_html_(self):\n        return '<h1>' + '#' * variables['n'] + '</h1>'\nBars()");
    await walk.button("Generate").click();
    const frame = page.frameLocator('iframe[title="Visualization"]');
    await frame.getByRole("heading", { name: "###" }).waitFor({ timeout: 60_000 });
    await frame.getByText("printed 3").waitFor();
    await walk.picture("visualize-custom");
    // A link brings code and arguments along.
    await page.reload();
    await frame.getByRole("heading", { name: "###" }).waitFor({ timeout: 30_000 });
    await page.getByRole("textbox", { name: "Python code" }).getByText("return '<h1>'").waitFor();
    check((await page.getByRole("textbox", { name: "Arguments as JSON" }).textContent()) === '{"n":3}', "the arguments are forgotten");
    await write(page, "Python code", "import absent_package");
    await walk.button("Generate").click();
    await walk.see("It could not be drawn");
    await walk.see(/No module named 'absent_package'/);
    await walk.accessible("a visualization that failed");
  },
  "visualize: a source that is no artifact is refused": async (walk) => {
    walk.allowed.push(/404/);
    await walk.open("/visualize?type=TABLE&source=/etc/passwd");
    await walk.button("Generate").click();
    await walk.see(/there is no artifact \/etc\/passwd/i);
  },
};
