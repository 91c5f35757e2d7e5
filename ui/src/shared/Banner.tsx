import { CircleAlert, Info, TriangleAlert } from "lucide-react";
import { useState, type ReactNode } from "react";
import { ApiError, messageOf } from "@/api/client";
import { Button } from "./Button";
import { cx } from "./cx";

export interface BannerProps {
  kind: "error" | "warning" | "info";
  title: ReactNode;
  /** What to do about it. */
  children?: ReactNode;
  /** Long text behind a "Details" button. */
  details?: string;
  action?: ReactNode;
  className?: string;
}

const looks = {
  error: { icon: CircleAlert, className: "bg-failed-soft text-failed" },
  warning: { icon: TriangleAlert, className: "bg-warning-soft text-warning" },
  info: { icon: Info, className: "bg-running-soft text-running" },
};

export function Banner({ kind, title, children, details, action, className }: BannerProps) {
  const [isOpen, setOpen] = useState(false);
  const { icon: Icon, className: look } = looks[kind];
  return (
    <div role={kind === "error" ? "alert" : "status"} className={cx("rounded-lg px-3 py-2", look, className)}>
      <div className="flex items-start gap-2">
        <Icon size={16} className="mt-0.5 shrink-0" aria-hidden />
        <div className="min-w-0 flex-1 break-words">
          <div className="font-medium">{title}</div>
          {children && <div className="text-ink-2">{children}</div>}
        </div>
        {details && (
          <Button kind="ghost" small onPress={() => setOpen(!isOpen)} aria-expanded={isOpen}>
            {isOpen ? "Less" : "Details"}
          </Button>
        )}
        {action}
      </div>
      {isOpen && <pre className="mt-2 max-h-64 overflow-auto font-mono text-xs whitespace-pre-wrap text-ink-2">{details}</pre>}
    </div>
  );
}

/** A failed read or action, with a way to try again. */
export function ErrorBanner({ error, onRetry, className }: { error: unknown; onRetry?: () => void; className?: string }) {
  const details = error instanceof ApiError ? error.details : undefined;
  const again = onRetry && (
    <Button kind="ghost" small onPress={onRetry}>
      Try again
    </Button>
  );
  return <Banner kind="error" title={messageOf(error)} details={details} action={again} className={className} />;
}
