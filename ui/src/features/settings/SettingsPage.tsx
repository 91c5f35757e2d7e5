import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { getAbout } from "@/api/about";
import type { About } from "@/api/own-types";
import { address, base } from "@/api/client";
import { getHealth } from "@/api/queries";
import { Banner } from "@/shared/Banner";
import { CodeBlock } from "@/shared/CodeBlock";
import { cx } from "@/shared/cx";
import { Keys } from "@/shared/Keys";
import { Facts, Page, Section } from "@/shared/Page";
import { SkeletonLines } from "@/shared/Skeleton";
import { setTheme, useThemeChoice, type ThemeChoice } from "@/shared/theme";
import { RelativeTime } from "@/shared/Time";
import { bytesText } from "@/shared/bytes";
import { Machine } from "./Machine";

const LOOK_AGAIN = 15_000;

export default function SettingsPage() {
  // How full a machine is nothing tells of by itself.
  const about = useQuery({ ...getAbout(), staleTime: 0, refetchInterval: LOOK_AGAIN });
  const health = useQuery(getHealth());
  return (
    <Page title="Settings">
      <div className="min-h-0 flex-1 overflow-y-auto" tabIndex={-1}>
        <div className="mx-auto flex w-full max-w-3xl flex-col gap-10 p-6">
          <Section title="Appearance">
            <ThemeChoices />
          </Section>
          <Section title="Connect">
            <p className="mb-3 text-ink-2">The official SDK of Kubeflow Pipelines works unchanged with this server:</p>
            <CodeBlock label="Python" text={`import kfp\n\nclient = kfp.Client(host="${base.href.replace(/\/$/, "")}")\nclient.create_run_from_pipeline_package("pipeline.yaml", arguments={})`} />
          </Section>
          <Section title="This server">
            {about.data ? (
              <Server about={about.data} />
            ) : about.isPending ? (
              <SkeletonLines lines={6} />
            ) : (
              <Facts items={[["Version", health.data?.tag_name ?? "—"], ["Address", base.href]]} />
            )}
          </Section>
          {about.data?.machine && (
            <Section title="The machine">
              <Machine machine={about.data.machine} gpus={about.data.gpus} />
            </Section>
          )}
          {about.data && (
            <Section title="Settings of the server">
              <p className="mb-3 text-ink-3">Set by flags, variables and the file pipewright.toml; see the guide.</p>
              <Facts
                items={Object.entries(about.data.settings).map(([name, value]) => [
                  name,
                  <code key={name} className="font-mono text-xs break-all">
                    {typeof value === "string" ? value : JSON.stringify(value)}
                  </code>,
                ])}
              />
            </Section>
          )}
          <Section title="Documentation">
            <ul className="space-y-1">
              <li>
                <a href={address("apis/docs")} target="_blank" rel="noreferrer" className="link">
                  Interfaces of this server
                </a>
                <span className="text-ink-3">: every route, with its description as OpenAPI</span>
              </li>
              <li>
                <a href="https://www.kubeflow.org/docs/components/pipelines/" target="_blank" rel="noreferrer" className="link">
                  Kubeflow Pipelines
                </a>
                <span className="text-ink-3">: how pipelines are written</span>
              </li>
              <li>
                <a href="https://kubeflow-pipelines.readthedocs.io/" target="_blank" rel="noreferrer" className="link">
                  SDK reference
                </a>
                <span className="text-ink-3">: the Python package kfp</span>
              </li>
            </ul>
          </Section>
          <Section title="Keys">
            <Shortcuts />
          </Section>
        </div>
      </div>
    </Page>
  );
}

/** Less free room than this is worth a warning. */
const TIGHT = 2 ** 31;

function Server({ about }: { about: About }) {
  const facts: [string, ReactNode][] = [
    ["Version", about.version],
    ["Started", <RelativeTime key="started" time={about.started_at} />],
    ["Live runs", String(about.live_runs)],
    ["Home folder", <code key="home" className="font-mono text-xs break-all">{about.home}</code>],
  ];
  if (about.database_bytes !== undefined) facts.push(["Database", bytesText(about.database_bytes)]);
  if (about.home_bytes !== undefined) facts.push(["All of the home folder", bytesText(about.home_bytes)]);
  if (about.free_bytes !== undefined) facts.push(["Free on the disk", bytesText(about.free_bytes)]);
  return (
    <>
      {about.free_bytes !== undefined && about.free_bytes < TIGHT && (
        <Banner kind="warning" title={`Only ${bytesText(about.free_bytes)} are free on the server’s disk.`} className="mb-3" />
      )}
      <Facts items={facts} />
    </>
  );
}

const themes: { id: ThemeChoice; label: string }[] = [
  { id: "light", label: "Light" },
  { id: "dark", label: "Dark" },
  { id: "system", label: "As the system" },
];

function ThemeChoices() {
  const choice = useThemeChoice();
  return (
    <div role="radiogroup" aria-label="Theme" className="grid max-w-md grid-cols-3 gap-3">
      {themes.map(({ id, label }) => (
        <button
          key={id}
          type="button"
          role="radio"
          aria-checked={id === choice}
          onClick={() => setTheme(id)}
          className={cx("flex flex-col gap-2 rounded-lg p-2 text-left ring-1", id === choice ? "bg-accent-soft ring-2 ring-accent" : "ring-line hover:ring-line-strong")}
        >
          <span className="flex h-14 overflow-hidden rounded-md ring-1 ring-line" aria-hidden>
            {(id === "system" ? ["light", "dark"] : [id]).map((theme) => (
              <span key={theme} data-theme={theme} className="flex flex-1 bg-canvas">
                <span className="m-1.5 mr-0 w-3 rounded-sm bg-line" />
                <span className="m-1.5 flex-1 rounded-sm bg-surface p-1.5 ring-1 ring-line">
                  <span className="mb-1 block h-1 w-3/4 rounded-full bg-line-strong" />
                  <span className="block h-1 w-1/3 rounded-full bg-accent" />
                </span>
              </span>
            ))}
          </span>
          <span className="px-1 font-medium">{label}</span>
        </button>
      ))}
    </div>
  );
}

const shortcuts: [keys: string, meaning: string][] = [
  ["mod+k", "Search and commands"],
  ["/", "Filter the list"],
  ["g r", "Runs"],
  ["g p", "Pipelines"],
  ["g e", "Experiments"],
  ["g c", "Recurring runs"],
  ["g a", "Artifacts"],
  ["g x", "Executions"],
  ["g n", "New run"],
  ["g u", "Upload a pipeline"],
  ["j", "Next row of a list"],
  ["k", "Previous row"],
  ["x", "Select the row"],
  ["enter", "Open the row"],
  ["[", "Narrow or widen the navigation"],
];

function Shortcuts() {
  return (
    <dl className="grid gap-x-8 gap-y-1 sm:grid-cols-2">
      {shortcuts.map(([keys, meaning]) => (
        <div key={keys} className="flex h-7 items-center justify-between border-b border-line">
          <dt className="text-ink-2">{meaning}</dt>
          <dd>
            <span className="sr-only">{keys}</span>
            <Keys keys={keys} />
          </dd>
        </div>
      ))}
    </dl>
  );
}
