import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { getWhoAmI, logIn } from "@/api/about";
import type { WhoAmI } from "@/api/own-types";
import { address, ApiError } from "@/api/client";
import { ErrorBanner } from "@/shared/Banner";
import { Button } from "@/shared/Button";
import { Field, TextInput } from "@/shared/Field";
import { Logo } from "./Logo";

/** In place of everything while the server wants to know who asks. The address is kept: one comes out where one went in. */
export function LoginPage({ who }: { who: WhoAmI }) {
  const client = useQueryClient();
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const submit = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const known = await logIn(user, password);
      // What was refused, or shown to somebody else, is forgotten. The query that this page listens to must stay.
      client.removeQueries({ predicate: (query) => query.queryKey[0] !== getWhoAmI().queryKey[0] });
      client.setQueryData(getWhoAmI().queryKey, known);
    } catch (thrown) {
      setError(thrown instanceof ApiError && thrown.status === 401 ? new Error("User and password do not match.") : thrown);
      setBusy(false);
    }
  };
  const { oidc } = who.login ?? {};
  const hasPassword = who.login?.password !== false;
  const onward = oidc && address(oidc.url, { return_to: `/${window.location.hash}` });
  return (
    <main className="flex min-h-dvh items-center justify-center bg-canvas p-4">
      <form className="flex w-full max-w-sm flex-col gap-4 rounded-xl bg-surface p-8 ring-1 ring-line" onSubmit={(event) => (event.preventDefault(), void submit())}>
        <div className="mb-2 flex flex-col items-start gap-3">
          <Logo size={32} />
          <h1 className="text-lg">Log in to Pipewright</h1>
        </div>
        {error !== undefined && <ErrorBanner error={error} />}
        {onward && (
          <a href={onward} className="flex h-9 items-center justify-center rounded-md bg-accent font-medium text-white hover:bg-accent-hover">
            Continue with {oidc.name}
          </a>
        )}
        {hasPassword && (
          <>
            {onward && <div className="text-center text-xs text-ink-3">or</div>}
            <Field label="User">
              {(ids) => <TextInput {...ids} autoFocus autoComplete="username" value={user} onChange={(event) => setUser(event.target.value)} />}
            </Field>
            <Field label="Password">
              {(ids) => <TextInput {...ids} type="password" autoComplete="current-password" value={password} onChange={(event) => setPassword(event.target.value)} />}
            </Field>
            <Button kind={onward ? "secondary" : "primary"} type="submit" isBusy={isBusy} isDisabled={user === "" || password === ""}>
              Log in
            </Button>
          </>
        )}
        {!hasPassword && !onward && <p className="text-ink-2">This server takes tokens and signed headers only; open it through the proxy that adds them.</p>}
      </form>
    </main>
  );
}
