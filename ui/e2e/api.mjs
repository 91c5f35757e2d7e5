// The API of the server under test, for what a walk needs to find there; and how a server of its own is started.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const root = new URL("../../", import.meta.url).pathname;

/** Starts a server on a home of its own; `stop` ends it and removes the home, `kill` and `start` are what a crash is. */
export async function startServer({ users = {}, extra = [], images, settings, path } = {}) {
  const binary = process.env.PIPEWRIGHT;
  const home = mkdtempSync(join(tmpdir(), "pipewright-ui-"));
  if (images !== undefined) writeFileSync(join(home, "images.toml"), images);
  if (settings !== undefined) {
    mkdirSync(join(home, "home"), { mode: 0o700 });
    writeFileSync(join(home, "home", "pipewright.toml"), settings);
  }
  for (const [name, { role, roles = [role], password }] of Object.entries(users)) {
    execFileSync(binary, ["user", "add", name, ...roles.flatMap((one) => ["--role", one]), "--home", join(home, "home")], { input: `${password}\n` });
  }
  const port = await freePort();
  const log = openSync(join(home, "server.log"), "a");
  const url = `http://127.0.0.1:${port}`;
  const options = ["serve", "--listen", `127.0.0.1:${port}`, "--home", join(home, "home"), ...extra, ...(images === undefined ? [] : ["--images", join(home, "images.toml")])];
  let child;
  const end = async (signal) => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await ended;
    }
  };
  const server = {
    url,
    home,
    async start() {
      child = spawn(binary, options, { stdio: ["ignore", log, log], env: { ...process.env, ...(path && { PATH: `${path}:${process.env.PATH}` }) } });
      for (let attempt = 0; attempt < 400; attempt++) {
        if (child.exitCode !== null) throw new Error(`the server left: ${readFileSync(join(home, "server.log"), "utf8")}`);
        if (await fetch(`${url}/apis/v2beta1/healthz`).then((answer) => answer.ok, () => false)) return;
        await pause(50);
      }
      await server.stop();
      throw new Error("the server did not answer");
    },
    /** Nothing is finished, nothing is said. */
    kill: () => end("SIGKILL"),
    async stop() {
      await end("SIGTERM");
      rmSync(home, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export class Api {
  constructor(url) {
    this.url = url;
  }

  async call(method, path, body) {
    const isForm = body instanceof FormData;
    const answer = await fetch(`${this.url}/apis/v2beta1/${path}`, {
      method,
      body: isForm || body === undefined ? body : JSON.stringify(body),
      headers: isForm || body === undefined ? {} : { "Content-Type": "application/json" },
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === "" ? {} : JSON.parse(text);
  }

  /** Uploads a file of the repository; returns the pipeline. */
  async upload(path, name, description = "", more = {}) {
    const form = new FormData();
    form.append("uploadfile", new Blob([readFileSync(join(root, path))]), "pipeline.yaml");
    const query = new URLSearchParams({ name, description, ...more });
    return this.call("POST", `pipelines/upload?${query}`, form);
  }

  /** Uploads a file of the repository, with changes if wanted, as another version. */
  async uploadVersion(path, pipelineId, name, change = (text) => text) {
    const form = new FormData();
    form.append("uploadfile", new Blob([change(readFileSync(join(root, path), "utf8"))]), "pipeline.yaml");
    return this.call("POST", `pipelines/upload_version?${new URLSearchParams({ name, pipelineid: pipelineId })}`, form);
  }

  async newest(pipelineId) {
    const { pipeline_versions } = await this.call("GET", `pipelines/${pipelineId}/versions?page_size=1&sort_by=created_at%20desc`);
    return pipeline_versions[0].pipeline_version_id;
  }

  async run(pipelineId, name, { parameters = {}, experiment_id, description } = {}) {
    return this.call("POST", "runs", {
      display_name: name,
      description,
      experiment_id,
      pipeline_version_reference: { pipeline_id: pipelineId, pipeline_version_id: await this.newest(pipelineId) },
      runtime_config: { parameters },
    });
  }

  experiment(display_name, description) {
    return this.call("POST", "experiments", { display_name, description });
  }

  /** Waits until none of these runs goes on; returns them. */
  async settled(runs, seconds = 240) {
    for (let waited = 0; waited < seconds * 4; waited++) {
      const now = await Promise.all(runs.map((run) => this.call("GET", `runs/${run.run_id}`)));
      if (now.every((run) => ["SUCCEEDED", "FAILED", "CANCELED", "SKIPPED"].includes(run.state))) return now;
      await pause(250);
    }
    throw new Error("the runs did not end");
  }
}
