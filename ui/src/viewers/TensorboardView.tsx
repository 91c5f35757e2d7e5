import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ExternalLink, Play, Square } from "lucide-react";
import { address, ApiError, call, get } from "@/api/client";
import { Banner } from "@/shared/Banner";
import { Button } from "@/shared/Button";

interface Instance {
  proxyPath?: string;
  tfVersion?: string;
  image?: string;
}

/** Starts and stops a TensorBoard over some folders, where the server can. */
export function TensorboardView({ logs }: { logs: { series: string; uri: string }[] }) {
  const client = useQueryClient();
  const logdir = logs.map((log) => `${log.series}:${log.uri}`).join(",");
  const key = ["tensorboard", logdir];
  const query = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => get<Instance>("apps/tensorboard", { logdir }, signal),
    retry: false,
  });
  const settle = { onSettled: () => client.invalidateQueries({ queryKey: key }) };
  const start = useMutation({ mutationFn: () => call("POST", "apps/tensorboard", { query: { logdir } }), ...settle });
  const stop = useMutation({ mutationFn: () => call("DELETE", "apps/tensorboard", { query: { logdir } }), ...settle });
  const running = query.data?.proxyPath;
  const isMissing = query.error instanceof ApiError && [404, 501].includes(query.error.status);
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
      {isMissing ? (
        <Banner kind="info" title="This server starts no TensorBoard">
          {`Start one yourself: tensorboard --logdir ${logs[0]?.uri ?? "FOLDER"}`}
        </Banner>
      ) : (
        <div className="flex flex-wrap gap-2">
          {running ? (
            <>
              <a href={address(running)} target="_blank" rel="noreferrer noopener" className="link flex items-center gap-1">
                Open TensorBoard <ExternalLink size={12} aria-hidden />
              </a>
              <Button small icon={<Square size={12} />} isBusy={stop.isPending} onPress={() => stop.mutate()}>
                Stop
              </Button>
            </>
          ) : (
            <Button small icon={<Play size={12} />} isBusy={start.isPending || query.isPending} onPress={() => start.mutate()}>
              Start TensorBoard
            </Button>
          )}
        </div>
      )}
      {(start.error ?? stop.error) && <Banner kind="error" title={(start.error ?? stop.error)?.message} />}
    </div>
  );
}
