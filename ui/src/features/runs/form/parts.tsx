import { ChevronRight } from "lucide-react";
import { useState, type ReactNode } from "react";
import { cx } from "@/shared/cx";
import { Field, NativeSelect, TextInput } from "@/shared/Field";
import type { Preset } from "./preset";

/** A part of the form, with what it is about beside it. */
export function Part({ title, text, children }: { title: string; text: string; children: ReactNode }) {
  return (
    <section aria-label={title} className="grid gap-x-8 gap-y-3 border-b border-line py-6 last:border-0 md:grid-cols-[180px_1fr]">
      <div>
        <h2 className="text-sm">{title}</h2>
        <p className="text-ink-3">{text}</p>
      </div>
      <div className="flex min-w-0 flex-col gap-4">{children}</div>
    </section>
  );
}

export function Choice({ isChosen, onChoose, title, text }: { isChosen: boolean; onChoose: () => void; title: string; text: string }) {
  return (
    <button
      type="button"
      role="radio"
      aria-checked={isChosen}
      onClick={onChoose}
      className={cx("flex items-start gap-2.5 rounded-lg p-3 text-left ring-1 ring-inset", isChosen ? "bg-accent-soft ring-accent" : "ring-line-strong hover:bg-hover")}
    >
      <span className={cx("mt-0.5 flex size-4 shrink-0 items-center justify-center rounded-full ring-1 ring-inset", isChosen ? "bg-accent ring-accent" : "ring-line-strong")} aria-hidden>
        {isChosen && <span className="size-1.5 rounded-full bg-white" />}
      </span>
      <span>
        <span className="block font-medium">{title}</span>
        <span className="block text-xs text-ink-2">{text}</span>
      </span>
    </button>
  );
}

/** What few need, folded away. */
export function Advanced({ form, set, placeholder }: { form: Preset; set: (change: Partial<Preset>) => void; placeholder?: string }) {
  const [isOpen, setOpen] = useState(form.pipelineRoot !== "" || form.serviceAccount !== "" || form.executor !== "");
  return (
    <section aria-label="Further settings" className="py-5">
      <button type="button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)} className="flex items-center gap-1.5 rounded-sm font-medium text-ink-2 hover:text-ink">
        <ChevronRight size={14} className={cx("transition-transform", isOpen && "rotate-90")} aria-hidden />
        Further settings
      </button>
      {isOpen && (
        <div className="mt-4 grid gap-4 sm:grid-cols-2">
          <Field label="Pipeline root" hint="Where artifacts are written.">
            {(ids) => <TextInput {...ids} placeholder={placeholder ?? "the server’s own folder"} value={form.pipelineRoot} onChange={(event) => set({ pipelineRoot: event.target.value })} />}
          </Field>
          <Field label="Run tasks as" hint="An image that images.toml gives a way of its own keeps it.">
            {({ id }) => (
              <NativeSelect id={id} value={form.executor} onChange={(event) => set({ executor: event.target.value })}>
                <option value="">as the server is set</option>
                <option value="auto">what suits each image</option>
                <option value="process">processes</option>
                <option value="container">containers</option>
              </NativeSelect>
            )}
          </Field>
          <Field label="Service account" hint="Kept with the run; it has no effect off a cluster.">
            {(ids) => <TextInput {...ids} value={form.serviceAccount} onChange={(event) => set({ serviceAccount: event.target.value })} />}
          </Field>
        </div>
      )}
    </section>
  );
}
