import { useId, type ComponentProps, type ReactNode } from "react";
import { cx } from "./cx";

export interface FieldProps {
  label: ReactNode;
  /** What it is for, below the label. */
  hint?: ReactNode;
  problem?: string;
  isRequired?: boolean;
  /** Beside the label, such as a type. */
  aside?: ReactNode;
  className?: string;
  /** Gets the ids that tie it to label, hint and problem. */
  children: (ids: { id: string; "aria-describedby"?: string; "aria-invalid"?: true }) => ReactNode;
}

/** A label, a control, what it is for and what is wrong with it. */
export function Field({ label, hint, problem, isRequired, aside, className, children }: FieldProps) {
  const id = useId();
  const described = cx(hint !== undefined && `${id}-hint`, problem !== undefined && `${id}-problem`);
  return (
    <div className={cx("flex flex-col gap-1", className)}>
      <div className="flex items-baseline gap-2">
        <label htmlFor={id} className="font-medium">
          {label}
          {isRequired && (
            <span className="text-failed" title="required">
              {" *"}
            </span>
          )}
        </label>
        {aside}
      </div>
      {hint !== undefined && (
        <div id={`${id}-hint`} className="text-xs text-pretty text-ink-3">
          {hint}
        </div>
      )}
      {children({ id, "aria-describedby": described || undefined, "aria-invalid": problem === undefined ? undefined : true })}
      {problem !== undefined && (
        <div id={`${id}-problem`} role="alert" className="text-xs text-failed">
          {problem}
        </div>
      )}
    </div>
  );
}

const box =
  "w-full rounded-md bg-surface ring-1 ring-inset ring-line-strong placeholder:text-ink-3 hover:ring-ink-3/60 aria-invalid:ring-failed disabled:opacity-50";

export function TextInput({ className, ...rest }: ComponentProps<"input">) {
  return <input type="text" autoComplete="off" spellCheck={false} {...rest} className={cx(box, "h-8 px-2.5", className)} />;
}

export function TextArea({ className, ...rest }: ComponentProps<"textarea">) {
  return <textarea rows={3} {...rest} className={cx(box, "px-2.5 py-1.5", className)} />;
}

export function NativeSelect({ className, children, ...rest }: ComponentProps<"select">) {
  return (
    <select {...rest} className={cx(box, "h-8 px-2", className)}>
      {children}
    </select>
  );
}

export function Checkbox({ label, hint, ...rest }: { label: ReactNode; hint?: ReactNode } & Omit<ComponentProps<"input">, "type">) {
  return (
    <label className="flex items-start gap-2">
      <input type="checkbox" {...rest} className="mt-[3px] size-3.5 shrink-0 accent-accent" />
      <span>
        {label}
        {hint && <span className="block text-xs text-ink-3">{hint}</span>}
      </span>
    </label>
  );
}
