import { Banner } from "@/shared/Banner";

/** Tells which folders a TensorBoard is to read, and how to start one: the server itself starts none. */
export function TensorboardView({ logs }: { logs: { series: string; uri: string }[] }) {
  const folders = logs.map((log) => `${log.series}:${log.uri}`).join(",");
  return (
    <div className="space-y-3">
      <ul className="space-y-1 text-xs">
        {logs.map((log) => (
          <li key={log.uri} className="flex gap-2">
            <span className="text-ink-3">{log.series}</span>
            <code className="font-mono break-all">{log.uri}</code>
          </li>
        ))}
      </ul>
      <Banner kind="info" title="This server starts no TensorBoard">
        {logs.length > 1
          ? `Start one yourself: tensorboard --logdir_spec ${folders}`
          : `Start one yourself: tensorboard --logdir ${logs[0]?.uri ?? "FOLDER"}`}
      </Banner>
    </div>
  );
}
