import { useMutation, useQuery } from "@tanstack/react-query";
import { ExternalLink, Play, Square } from "lucide-react";
import { address, messageOf } from "@/api/client";
import { getBoards, startBoard, stopBoard } from "@/api/own";
import type { BoardView } from "@/api/own-types";
import { Banner, ErrorBanner } from "@/shared/Banner";
import { Button } from "@/shared/Button";
import { READ_ONLY, useMayEdit } from "@/shared/EditorOnly";
import { SkeletonLines } from "@/shared/Skeleton";

export interface LogFolder {
  series: string;
  uri: string;
}

/** The folders that a TensorBoard is to read; starts one, leads to it and stops it where the server has the program. */
export function TensorboardView({ logs }: { logs: LogFolder[] }) {
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
      <Board logs={logs} />
    </div>
  );
}

function Board({ logs }: { logs: LogFolder[] }) {
  const query = useQuery(getBoards());
  const mayEdit = useMayEdit();
  const start = useMutation({
    mutationFn: () => startBoard(logs.map((log) => ({ name: log.series, uri: log.uri }))),
    onSettled: () => query.refetch(),
  });
  const stop = useMutation({ mutationFn: (id: string) => stopBoard(id), onSettled: () => query.refetch() });
  if (query.error) return <ErrorBanner error={query.error} onRetry={() => void query.refetch()} />;
  if (query.data === undefined) return <SkeletonLines lines={1} />;
  const board = query.data.boards.find((one) => isOf(one, logs));
  if (!query.data.available && board === undefined) {
    return (
      <Banner kind="info" title="This server has no TensorBoard">
        {query.data.hint}. Or start one yourself: <code className="font-mono text-xs break-all">{commandFor(logs)}</code>
      </Banner>
    );
  }
  const problem = start.error ?? stop.error;
  return (
    <>
      {problem !== null && <Banner kind="error" title={messageOf(problem)} />}
      <div className="flex items-center gap-2">
        {board === undefined ? (
          <Button small icon={<Play size={13} />} isBusy={start.isPending} isDisabled={!mayEdit} onPress={() => start.mutate()}>
            Start TensorBoard
          </Button>
        ) : (
          <>
            {/* Its pages are walled in by the server; here they get no window to reach back through. */}
            <a href={address(board.path)} target="_blank" rel="noopener noreferrer" className="link flex items-center gap-1">
              Open TensorBoard <ExternalLink size={12} aria-hidden />
            </a>
            {mayEdit && (
              <Button small kind="ghost" icon={<Square size={12} />} isBusy={stop.isPending} onPress={() => stop.mutate(board.id)}>
                Stop
              </Button>
            )}
          </>
        )}
        {!mayEdit && board === undefined && <span className="text-xs text-ink-3">{READ_ONLY}</span>}
        {start.isPending && <span role="status" className="text-xs text-ink-3">This takes some seconds.</span>}
      </div>
    </>
  );
}

function isOf(board: BoardView, logs: LogFolder[]): boolean {
  const places = (folders: { uri: string }[]) => folders.map((folder) => folder.uri).sort().join("\n");
  return places(board.folders) === places(logs);
}

function commandFor(logs: LogFolder[]): string {
  if (logs.length === 1) return `tensorboard --logdir ${logs[0]!.uri}`;
  return `tensorboard --logdir_spec ${logs.map((log) => `${log.series}:${log.uri}`).join(",")}`;
}
