import type { ReactNode } from "react";

/** Nothing here yet: says what would be here and how to get it. */
export function EmptyState({ icon, title, children, action }: { icon?: ReactNode; title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="mx-auto flex max-w-md flex-col items-center gap-2 px-6 py-16 text-center animate-[appear_200ms]">
      {icon && <div className="mb-2 flex size-11 items-center justify-center rounded-xl bg-neutral-soft text-ink-2">{icon}</div>}
      <h2 className="text-base">{title}</h2>
      {children && <div className="text-pretty text-ink-3">{children}</div>}
      {action && <div className="mt-3 flex flex-wrap justify-center gap-2">{action}</div>}
    </div>
  );
}
