import type { ErrorComponentProps } from "@tanstack/react-router";
import { ErrorBanner } from "./Banner";
import { Button } from "./Button";
import { CodeBlock } from "./CodeBlock";

/** In place of a page that broke. The rest of the interface goes on. */
export function PageError({ error: thrown, reset }: ErrorComponentProps) {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  // A chunk that is gone means that the server was updated under an open page.
  const isOutdated = /dynamically imported module|module script failed/i.test(error.message);
  if (isOutdated) {
    return (
      <div className="flex flex-col items-start gap-3 p-6">
        <h1 className="text-lg">There is a newer version</h1>
        <p className="text-ink-2">The server was updated since this page was opened.</p>
        <Button kind="primary" onPress={() => window.location.reload()}>
          Load it
        </Button>
      </div>
    );
  }
  return (
    <div className="flex flex-col gap-3 p-6">
      <h1 className="text-lg">This page broke</h1>
      <ErrorBanner error={error} onRetry={reset} />
      {error.stack && <CodeBlock text={error.stack} label="Where it broke" className="max-h-80 overflow-auto" />}
    </div>
  );
}
