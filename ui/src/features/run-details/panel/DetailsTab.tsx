import { Link } from "@tanstack/react-router";
import { lazy, Suspense, type ReactNode } from "react";
import { executionId } from "@/features/executions/id";
import type { AttemptView, ContainerView, TaskDetailView, ValueView } from "@/api/own-types";
import { CodeBlock } from "@/shared/CodeBlock";
import { Facts } from "@/shared/Page";
import { Skeleton } from "@/shared/Skeleton";
import { Duration, RelativeTime } from "@/shared/Time";
import { bytesText } from "@/shared/bytes";
import { filled, manifestText } from "../parameters";
import { AttemptPicker, useAttempt } from "./AttemptPicker";

const UsageChart = lazy(() => import("./UsageChart"));

type Fact = [name: string, value: ReactNode];

/** Where and how a task ran, what it used, and what its definition asks for. */
export function DetailsTab({ run, detail }: { run: string; detail: TaskDetailView }) {
  const [attempt, setAttempt] = useAttempt(detail);
  const container = detail.component_view?.container;
  return (
    <div>
      {attempt !== undefined && <AttemptPicker detail={detail} chosen={attempt.number} onChoose={setAttempt} />}
      <div className="space-y-6 p-4">
        <Group title="Task">
          <Facts items={taskFacts(run, detail)} />
        </Group>
        {attempt !== undefined && (
          <Group title={detail.attempt_list.length > 1 ? `Attempt ${attempt.number + 1}` : "Process"}>
            <Facts items={attemptFacts(attempt)} />
          </Group>
        )}
        {attempt?.has_samples === true && (
          <Group title="Resource use">
            <Suspense fallback={<Skeleton className="h-40 w-full" />}>
              <UsageChart run={run} task={detail.key} attempt={attempt.number} isRunning={attempt.ended_at === undefined} />
            </Suspense>
          </Group>
        )}
        {detail.component_view?.resource !== undefined && (
          <Group title="Manifest">
            <p className="mb-2">{detail.component_view.resource.action.replaceAll("_", " ")}</p>
            {detail.component_view.resource.manifest !== undefined && (
              <CodeBlock text={manifestText(detail.component_view.resource.manifest, detail.inputs.parameters)} label="Manifest of the object" className="max-h-96 overflow-auto" />
            )}
          </Group>
        )}
        {container !== undefined && <Definition container={container} given={detail.inputs.parameters} />}
      </div>
    </div>
  );
}

function Group({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title}>
      <h3 className="mb-2 text-xs text-ink-3">{title}</h3>
      {children}
    </section>
  );
}

function taskFacts(run: string, detail: TaskDetailView): Fact[] {
  const { definition } = detail;
  const facts: (Fact | false)[] = [
    ["Name", <code key="name" className="font-mono text-xs break-all">{detail.key}</code>],
    detail.component !== undefined && ["Component", <code key="component" className="font-mono text-xs break-all">{detail.component}</code>],
    ["Created", <RelativeTime key="created" time={detail.created_at} />],
    ["Started", <RelativeTime key="started" time={detail.started_at} />],
    ["Ended", <RelativeTime key="ended" time={detail.ended_at} />],
    definition?.condition !== undefined && ["Runs if", <code key="if" className="font-mono text-xs break-words">{definition.condition}</code>],
    definition?.ready !== undefined && ["Depends on", <code key="ready" className="font-mono text-xs break-words">{definition.ready}</code>],
    definition !== undefined && ["Fires when", strategies[definition.strategy]],
    definition?.retry !== undefined && ["Retries", `at most ${definition.retry.max_retries}, after ${definition.retry.backoff_seconds} s, then × ${definition.retry.factor}`],
    definition?.timeout_seconds !== undefined && ["Timeout", `${definition.timeout_seconds} s`],
    [
      "Page of its own",
      <Link key="execution" to="/executions/$executionId" params={{ executionId: executionId(run, detail.key) }} search={{}} className="link">
        Execution
      </Link>,
    ],
    definition?.loop?.parallelism !== undefined && ["At once", String(definition.loop.parallelism)],
  ];
  return facts.filter((fact) => fact !== false);
}

const strategies = {
  all_succeeded: "everything before it succeeded",
  none_failed: "nothing before it failed",
  all_completed: "everything before it ended, however",
  exit: "everything before it ended; also when the run is stopped",
};

function attemptFacts(attempt: AttemptView): Fact[] {
  const { usage } = attempt;
  const facts: (Fact | false | undefined)[] = [
    attempt.executor !== "unknown" && ["Runs on", attempt.executor],
    attempt.place !== undefined && attempt.place !== `process ${attempt.pid}` && ["Place", attempt.place],
    attempt.pid !== undefined && ["Process", String(attempt.pid)],
    attempt.image !== undefined && ["Image", <code key="image" className="font-mono text-xs break-all">{attempt.image}</code>],
    attempt.exit_code !== undefined && ["Exit code", String(attempt.exit_code)],
    ["Duration", <Duration key="duration" from={attempt.started_at} to={attempt.ended_at} isLive={attempt.state === "RUNNING"} />],
    usage && ["CPU", `${round(usage.cpu_user_seconds + usage.cpu_system_seconds)} s (${round(usage.cpu_user_seconds)} user, ${round(usage.cpu_system_seconds)} system)`],
    usage && ["Most memory", bytesText(usage.peak_memory_bytes)],
    attempt.note !== undefined && ["Note", attempt.note],
  ];
  return facts.filter((fact): fact is Fact => Array.isArray(fact));
}

const round = (seconds: number) => Number(seconds.toFixed(2));

const quoted = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** Settings of containers wherever they run; all others are a cluster's. */
const ofContainers = new Set(["imagePullPolicy", "imagePullSecret", "imagePullSecrets", "securityContext", "enabledSharedMemory"]);

function Definition({ container, given }: { container: ContainerView; given: ValueView[] }) {
  const resources = Object.entries(container.resources).filter(([, value]) => value !== undefined && value !== "");
  return (
    <>
      <Group title="Container">
        <Facts items={[["Image", <code key="image" className="font-mono text-xs break-all">{container.image}</code>], ...resources.map(([name, value]): Fact => [name.replaceAll("_", " "), value])]} />
        <CodeBlock text={[...container.command, ...container.args].map(quoted).join(" ")} label="Command as defined" wrap className="mt-3 max-h-64 overflow-auto" />
      </Group>
      {container.volumes.length > 0 && (
        <Group title="Volumes">
          <ul className="overflow-hidden rounded-lg text-xs ring-1 ring-line ring-inset">
            {container.volumes.map((volume) => (
              <li key={`${volume.path} ${volume.name}`} className="flex flex-wrap gap-x-3 border-b border-line px-3 py-1.5 last:border-0">
                <code className="font-mono">{filled(volume.path, given)}</code>
                <span className="text-ink-3">
                  {volume.kind.replaceAll("_", " ")} {filled(volume.name ?? "", given)}
                  {volume.sub_path !== undefined && `, in ${volume.sub_path}`}
                  {volume.size !== undefined && `, ${volume.size}`}
                  {volume.read_only && ", read only"}
                </span>
              </li>
            ))}
          </ul>
        </Group>
      )}
      {(container.env.length > 0 || container.env_from.length > 0) && (
        <Group title="Environment">
          <Facts
            items={[
              ...container.env.map((one): Fact => [one.name, <code key={one.name} className="font-mono text-xs break-all">{one.value}</code>]),
              ...container.env_from.map((one): Fact => [one.variable ?? `all of ${one.name}`, `from ${one.kind.replaceAll("_", " ")} ${one.name ?? ""}${one.key === undefined ? "" : `, key ${one.key}`}`]),
            ]}
          />
        </Group>
      )}
      {(
        [
          ["Asked of a cluster; not applied here", ([name]) => !ofContainers.has(name)],
          ["Applied where the task is a container", ([name]) => ofContainers.has(name)],
        ] satisfies [string, (entry: [string, unknown]) => boolean][]
      ).map(([title, isMeant]) => {
        const settings = Object.entries(container.placement).filter(isMeant);
        return (
          settings.length > 0 && (
            <Group key={title} title={title}>
              <Facts items={settings.map(([name, value]): Fact => [name, <code key={name} className="font-mono text-xs break-all">{JSON.stringify(value)}</code>])} />
            </Group>
          )
        );
      })}
    </>
  );
}
