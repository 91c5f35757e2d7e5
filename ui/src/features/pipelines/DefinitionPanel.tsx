import { X } from "lucide-react";
import type { ComponentView, GraphView, TaskDefinition } from "@/api/own-types";
import { IconButton } from "@/shared/Button";
import { CodeBlock } from "@/shared/CodeBlock";
import { Facts, Section } from "@/shared/Page";

/** What a task of a pipeline is, without a run. */
export function DefinitionPanel({ graph, node, onClose }: { graph: GraphView; node: string; onClose: () => void }) {
  const found = findTask(graph, node);
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <header className="flex h-11 shrink-0 items-center justify-between border-b border-line px-4">
        <h2 className="truncate">{found?.task.display_name ?? node}</h2>
        <IconButton small label="Close" icon={<X size={15} />} onPress={onClose} />
      </header>
      <div className="flex min-h-0 flex-1 flex-col gap-6 overflow-y-auto p-4">
        {found ? <Definition {...found} /> : <p className="text-ink-3">Nothing more is known of this node.</p>}
      </div>
    </div>
  );
}

/** Follows a path such as `root/train` through the components. */
export function findTask(graph: GraphView, node: string): { task: TaskDefinition; component: ComponentView | undefined } | undefined {
  let component = graph.components[graph.root];
  let task: TaskDefinition | undefined;
  for (const name of node.split("/").slice(1)) {
    const plain = name.replace(/\[\d+\]$/, "");
    task = component?.dag?.tasks.find((candidate) => candidate.name === plain);
    if (!task) return undefined;
    component = graph.components[task.component];
  }
  return task && { task, component };
}

function Definition({ task, component }: { task: TaskDefinition; component: ComponentView | undefined }) {
  const { container, inputs, outputs, importer } = component ?? {};
  const facts: [string, React.ReactNode][] = [
    ["Name", <code key="n" className="font-mono text-xs">{task.name}</code>],
    ["Component", <code key="c" className="font-mono text-xs">{task.component}</code>],
    ["Kind", component?.kind ?? "—"],
  ];
  if (task.upstream.length > 0) facts.push(["After", task.upstream.join(", ")]);
  if (task.condition) facts.push(["Only if", <code key="if" className="font-mono text-xs">{task.condition}</code>]);
  if (task.loop) facts.push(["For each", task.loop.items_input ?? `${task.loop.static_count ?? "?"} items`]);
  if (task.retry) facts.push(["Retries", String(task.retry.max_retries)]);
  facts.push(["Cache", task.caching.enabled ? "on" : "off"]);
  return (
    <>
      <Facts items={facts} />
      {inputs && inputs.parameters.length + inputs.artifacts.length > 0 && <Ports title="Inputs" ports={inputs} task={task} />}
      {outputs && outputs.parameters.length + outputs.artifacts.length > 0 && <Ports title="Outputs" ports={outputs} />}
      {container && (
        <Section title="Container">
          <div className="flex flex-col gap-3">
            <Facts items={[["Image", <code key="i" className="font-mono text-xs break-all">{container.image}</code>]]} />
            {container.command.length > 0 && <CodeBlock label="Command" text={container.command.join("\n")} wrap className="max-h-72 overflow-auto" />}
            {container.args.length > 0 && <CodeBlock label="Arguments" text={container.args.join("\n")} wrap />}
          </div>
        </Section>
      )}
      {importer && <Facts items={[["Imports", importer.uri]]} />}
    </>
  );
}

function Ports({ title, ports, task }: { title: string; ports: ComponentView["inputs"]; task?: TaskDefinition }) {
  const from = (name: string) => {
    const binding = [...(task?.parameters ?? []), ...(task?.artifacts ?? [])].find((candidate) => candidate.input === name);
    if (!binding) return undefined;
    if (binding.source === "task_output") return `${binding.task}.${binding.key}`;
    if (binding.source === "dag_input") return `input ${binding.key}`;
    return binding.value === undefined ? binding.source : JSON.stringify(binding.value);
  };
  const rows = [...ports.parameters.map((port) => ({ name: port.name, type: port.type.toLowerCase().replace("_", " "), description: port.description })), ...ports.artifacts.map((port) => ({ name: port.name, type: port.type, description: port.description }))];
  return (
    <Section title={title}>
      <ul className="flex flex-col divide-y divide-line rounded-lg ring-1 ring-line">
        {rows.map((row) => (
          <li key={row.name} className="px-3 py-2">
            <div className="flex items-baseline justify-between gap-2">
              <code className="font-mono text-xs">{row.name}</code>
              <span className="text-xs text-ink-3">{row.type}</span>
            </div>
            {from(row.name) && <div className="truncate text-xs text-ink-2">← {from(row.name)}</div>}
            {row.description && <div className="text-xs text-ink-3">{row.description}</div>}
          </li>
        ))}
      </ul>
    </Section>
  );
}
