import { cx } from "./cx";

/** Holds the place of what is being read, in its size, so that nothing jumps. */
export function Skeleton({ className = "h-4 w-full" }: { className?: string }) {
  return <span aria-hidden className={cx("block animate-[breathe_1.6s_ease-in-out_infinite] rounded-sm bg-neutral-soft", className)} />;
}

/** Several lines of text to come. */
export function SkeletonLines({ lines = 4 }: { lines?: number }) {
  return (
    <div role="status" aria-label="Loading" className="space-y-3">
      {Array.from({ length: lines }, (_, index) => (
        <Skeleton key={index} className={cx("h-4", index % 3 === 2 ? "w-1/2" : index % 2 ? "w-4/5" : "w-full")} />
      ))}
    </div>
  );
}
