import { Link } from "@tanstack/react-router";
import { ChevronRight } from "lucide-react";
import { useEffect, type ReactNode } from "react";

export interface Crumb {
  label: ReactNode;
  to: string;
  params?: Record<string, string>;
  search?: Record<string, string>;
}

export interface PageProps {
  /** The window's title. */
  title: string;
  /** Where the page lies, above all things to go back to. */
  crumbs?: Crumb[];
  /** In place of the title's text, such as a name beside a badge. */
  heading?: ReactNode;
  /** Buttons at the right. */
  actions?: ReactNode;
  children: ReactNode;
}

/** The frame of every page: a line with where one is and what one can do, and the content below. */
export function Page({ title, crumbs = [], heading, actions, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Pipewright`;
  }, [title]);
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <header className="flex min-h-13 shrink-0 flex-wrap items-center gap-x-4 gap-y-2 border-b border-line px-4 py-2 max-md:pl-12">
        <nav aria-label="Breadcrumb" className="flex min-w-0 flex-1 items-center gap-1 max-sm:max-w-full max-sm:basis-auto">
          {crumbs.map((crumb) => (
            <span key={crumb.to} className="flex min-w-0 shrink items-center gap-1 text-ink-3">
              <Link
                to={crumb.to as "/"}
                params={crumb.params as never}
                search={(crumb.search ?? {}) as never}
                className="truncate rounded-sm px-1 hover:bg-hover hover:text-ink"
              >
                {crumb.label}
              </Link>
              <ChevronRight size={13} aria-hidden className="shrink-0" />
            </span>
          ))}
          <h1 className="flex min-w-0 items-center gap-2 truncate px-1 text-base">{heading ?? title}</h1>
        </nav>
        {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** A part of a page with a heading of its own. */
export function Section({ title, aside, children, className }: { title: string; aside?: ReactNode; children: ReactNode; className?: string }) {
  return (
    <section aria-label={title} className={className}>
      <div className="mb-3 flex items-center justify-between gap-2">
        <h2 className="text-sm">{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
}

/** Names and values, one below the other. */
export function Facts({ items, className }: { items: [name: string, value: ReactNode][]; className?: string }) {
  return (
    <dl className={className ?? "grid grid-cols-[minmax(96px,max-content)_1fr] gap-x-6 gap-y-2"}>
      {items.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-ink-3">{name}</dt>
          <dd className="min-w-0 break-words">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
