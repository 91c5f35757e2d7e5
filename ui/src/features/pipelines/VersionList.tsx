import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Ellipsis, GitCompareArrows, Play, Trash2 } from "lucide-react";
import { useState } from "react";
import { listVersions } from "@/api/queries";
import { ErrorBanner } from "@/shared/Banner";
import { Button, IconButton } from "@/shared/Button";
import { cx } from "@/shared/cx";
import { SkeletonLines } from "@/shared/Skeleton";
import { Menu } from "@/shared/Menu";
import { RelativeTime } from "@/shared/Time";
import { usePipelineActions } from "./actions";

const PAGE = 25;

/** The versions of a pipeline, newest first; two of them can be compared. */
export function VersionList({ pipelineId, current }: { pipelineId: string; current?: string }) {
  const navigate = useNavigate();
  const actions = usePipelineActions();
  const [size, setSize] = useState(PAGE);
  const [marked, setMarked] = useState<string[]>([]);
  const { data, error, isPending, refetch } = useQuery(listVersions(pipelineId, { pageSize: size, sortBy: "created_at desc" }));
  if (error) return <ErrorBanner error={error} onRetry={() => void refetch()} />;
  if (isPending) return <SkeletonLines lines={2} />;
  const mark = (id: string) => setMarked(marked.includes(id) ? marked.filter((other) => other !== id) : [...marked, id].slice(-2));
  // The older one is "before", whatever was marked first.
  const order = data.items.map((version) => version.pipeline_version_id).reverse();
  const [before, after] = order.filter((id) => marked.includes(id));
  return (
    <div className="flex flex-col gap-1">
      <ul aria-label="Versions" className="flex flex-col">
        {data.items.map((version, index) => (
          <li key={version.pipeline_version_id} className={cx("flex min-h-8 items-center gap-3 rounded-md px-2", version.pipeline_version_id === current && "bg-accent-soft")}>
            {data.items.length > 1 && (
              <input
                type="checkbox"
                aria-label={`Mark ${version.display_name} for a comparison`}
                checked={marked.includes(version.pipeline_version_id)}
                onChange={() => mark(version.pipeline_version_id)}
                className="size-3.5 accent-accent"
              />
            )}
            <Link
              to="/pipelines/details/$pipelineId/version/$versionId"
              params={{ pipelineId, versionId: version.pipeline_version_id }}
              search={{}}
              className="min-w-0 truncate font-medium hover:underline"
            >
              {version.display_name}
            </Link>
            {index === 0 && <span className="rounded-sm bg-neutral-soft px-1.5 text-2xs text-ink-2">newest</span>}
            <span className="min-w-0 flex-1 truncate text-ink-3">{version.description}</span>
            <span className="shrink-0 text-ink-3">
              <RelativeTime time={version.created_at} />
            </span>
            <Menu
              label={`Actions on version ${version.display_name}`}
              trigger={<IconButton small label={`Actions on version ${version.display_name}`} icon={<Ellipsis size={16} />} />}
              entries={[
                {
                  id: "run",
                  isChange: true,
                  label: "New run",
                  icon: <Play size={14} />,
                  onAction: () => void navigate({ to: "/runs/new", search: { pipelineId, pipelineVersionId: version.pipeline_version_id } }),
                },
                null,
                { id: "delete", isChange: true, label: "Delete version…", icon: <Trash2 size={14} />, isDangerous: true, onAction: () => actions.removeVersion(version) },
              ]}
            />
          </li>
        ))}
      </ul>
      {actions.dialogs}
      <div className="flex gap-2">
        {data.next && (
          <Button small kind="ghost" onPress={() => setSize(size + 100)}>
            Show more of {data.total}
          </Button>
        )}
        {marked.length > 0 && (
          <Button
            small
            icon={<GitCompareArrows size={14} />}
            isDisabled={before === undefined || after === undefined}
            onPress={() => void navigate({ to: "/pipelines/diff/$pipelineId", params: { pipelineId }, search: { before: before!, after: after! } })}
          >
            {after === undefined ? "Mark one more to compare" : "Compare the two"}
          </Button>
        )}
      </div>
    </div>
  );
}
