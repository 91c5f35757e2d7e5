import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ErrorBanner } from "@/shared/Banner";
import { Page } from "@/shared/Page";
import { SkeletonLines } from "@/shared/Skeleton";
import { useUrlState } from "@/shared/url";
import { loadPreset } from "./form/preset";
import { RunForm } from "./form/RunForm";

/** A new run or recurring run; the address says what it starts from. */
export default function NewRunPage() {
  const [url] = useUrlState();
  // What was asked for at first: the form writes nothing back.
  const [first] = useState(url);
  const preset = useQuery({ queryKey: ["preset", first], queryFn: () => loadPreset(first), staleTime: Number.POSITIVE_INFINITY, gcTime: 0 });
  const title = preset.data?.isRecurring ? "New recurring run" : "New run";
  if (preset.data) return <RunForm preset={preset.data} />;
  return (
    <Page title={title} crumbs={[{ label: "Runs", to: "/runs" }]}>
      <div className="mx-auto w-full max-w-3xl p-6">
        {preset.error ? <ErrorBanner error={preset.error} onRetry={() => void preset.refetch()} /> : <SkeletonLines lines={8} />}
      </div>
    </Page>
  );
}
