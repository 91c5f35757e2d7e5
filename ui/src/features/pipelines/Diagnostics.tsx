import { CircleAlert, TriangleAlert } from "lucide-react";
import type { Diagnostic } from "@/api/own-types";

/** What is wrong with a file: where, what, and what to do. */
export function Diagnostics({ diagnostics }: { diagnostics: Diagnostic[] }) {
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === "error").length;
  return (
    <section aria-label="Findings" className="rounded-lg ring-1 ring-line">
      <h2 className="border-b border-line px-3 py-2 text-xs text-ink-2">
        {errors > 0 ? `${errors} mistake${errors === 1 ? "" : "s"} to correct before it can be uploaded` : "It can be uploaded; please note"}
      </h2>
      <ul className="max-h-80 divide-y divide-line overflow-y-auto">
        {diagnostics.map((diagnostic, index) => (
          <li key={index} className="flex gap-2 px-3 py-2">
            {diagnostic.severity === "error" ? (
              <CircleAlert size={15} className="mt-0.5 shrink-0 text-failed" aria-label="Error" />
            ) : (
              <TriangleAlert size={15} className="mt-0.5 shrink-0 text-warning" aria-label="Warning" />
            )}
            <div className="min-w-0">
              <div className="break-words">{diagnostic.message}</div>
              {diagnostic.hint && <div className="text-ink-2">{diagnostic.hint}</div>}
              <div className="font-mono text-2xs break-all text-ink-3">
                {[diagnostic.line !== undefined && `line ${diagnostic.line}:${diagnostic.column ?? 1}`, diagnostic.path].filter(Boolean).join(" · ")}
              </div>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
