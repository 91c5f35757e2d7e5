import { CalendarClock } from "lucide-react";
import { Checkbox, Field, NativeSelect, TextInput } from "@/shared/Field";
import { Button } from "@/shared/Button";
import { cx } from "@/shared/cx";
import { describeTrigger } from "@/shared/cron/describe";
import { NextFires } from "@/shared/cron/NextFires";
import { presets, readTrigger, UNITS, weekdaysOf, withWeekdays, type TriggerForm, type Unit } from "./trigger";

const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

export interface TriggerEditorProps {
  form: TriggerForm;
  onChange: (form: TriggerForm) => void;
  /** Problems are shown from the first try to start on. */
  problems: Record<string, string>;
}

/** When a recurring run fires, with what that means in words and the next times. */
export function TriggerEditor({ form, onChange, problems }: TriggerEditorProps) {
  const set = (change: Partial<TriggerForm>) => onChange({ ...form, ...change });
  const read = readTrigger(form);
  const isReadable = Object.keys(read.problems).length === 0;
  return (
    <div className="flex flex-col gap-4">
      <div role="radiogroup" aria-label="Kind of schedule" className="flex gap-1 self-start rounded-lg bg-sunken p-0.5 ring-1 ring-inset ring-line">
        {(["periodic", "cron"] as const).map((kind) => (
          <button
            key={kind}
            type="button"
            role="radio"
            aria-checked={form.kind === kind}
            onClick={() => set({ kind })}
            className={cx("h-7 rounded-md px-3 font-medium", form.kind === kind ? "bg-raised text-ink shadow-sm ring-1 ring-line" : "text-ink-3 hover:text-ink")}
          >
            {kind === "periodic" ? "Every so often" : "At certain times (cron)"}
          </button>
        ))}
      </div>
      {form.kind === "periodic" ? <Periodic form={form} set={set} problem={problems["every"]} /> : <CronFields form={form} set={set} problem={read.problems["cron"]} />}
      <div className="flex items-start gap-3 rounded-lg bg-accent-soft px-3 py-2.5">
        <CalendarClock size={16} className="mt-0.5 shrink-0 text-accent-ink" aria-hidden />
        <div className="min-w-0" aria-live="polite">
          <div className="font-medium">{isReadable ? describeTrigger(read.trigger) : "This is no schedule yet"}</div>
          {isReadable && <NextFires trigger={read.trigger} count={4} />}
        </div>
      </div>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="From" hint="Nothing fires before. Empty: at once.">
          {(ids) => <TextInput {...ids} type="datetime-local" value={form.start} onChange={(event) => set({ start: event.target.value })} />}
        </Field>
        <Field label="Until" hint="Nothing fires after. Empty: for ever." problem={read.problems["end"]}>
          {(ids) => <TextInput {...ids} type="datetime-local" value={form.end} onChange={(event) => set({ end: event.target.value })} />}
        </Field>
        <Field label="Runs at the same time" hint="At most, from 1 to 10." problem={read.problems["maxConcurrency"]}>
          {(ids) => <TextInput {...ids} type="number" min={1} max={10} value={form.maxConcurrency} onChange={(event) => set({ maxConcurrency: event.target.value })} />}
        </Field>
        <div className="self-end pb-1.5">
          <Checkbox
            label="Catch up"
            hint="Missed times are made up for, one run after another."
            checked={form.catchup}
            onChange={(event) => set({ catchup: event.target.checked })}
          />
        </div>
      </div>
    </div>
  );
}

type PartProps = { form: TriggerForm; set: (change: Partial<TriggerForm>) => void; problem?: string };

function Periodic({ form, set, problem }: PartProps) {
  return (
    <Field label="Every" problem={problem}>
      {(ids) => (
        <div className="flex gap-2">
          <TextInput {...ids} type="number" min={1} step="any" value={form.every} onChange={(event) => set({ every: event.target.value })} className="max-w-24" />
          <NativeSelect aria-label="Unit" value={form.unit} onChange={(event) => set({ unit: event.target.value as Unit })} className="max-w-32">
            {Object.keys(UNITS).map((unit) => (
              <option key={unit}>{unit}</option>
            ))}
          </NativeSelect>
        </div>
      )}
    </Field>
  );
}

function CronFields({ form, set, problem }: PartProps) {
  const weekdays = weekdaysOf(form.cron);
  const isFive = form.cron.trim().split(/\s+/).length === 5;
  const toggle = (day: number) => {
    const next = new Set(weekdays.size === 7 ? [] : weekdays);
    if (!next.delete(day)) next.add(day);
    set({ cron: withWeekdays(form.cron, next) });
  };
  return (
    <>
      <div className="flex flex-wrap gap-1.5">
        {presets.map((preset) => (
          <Button key={preset.cron} small kind={preset.cron === form.cron ? "primary" : "secondary"} onPress={() => set({ cron: preset.cron })}>
            {preset.label}
          </Button>
        ))}
      </div>
      <Field
        label="Cron expression"
        hint="second minute hour day-of-month month weekday: six fields, seconds first."
        problem={problem}
      >
        {(ids) => <TextInput {...ids} value={form.cron} onChange={(event) => set({ cron: event.target.value })} className="font-mono" />}
      </Field>
      {isFive && !problem && (
        <p className="-mt-2 text-xs text-warning">Five fields are read with the seconds first too. For a Unix expression, put “0 ” in front.</p>
      )}
      <div role="group" aria-label="Weekdays" className="flex flex-wrap gap-1">
        {WEEKDAYS.map((name, day) => {
          const isOn = weekdays.has(day);
          return (
            <button
              key={name}
              type="button"
              aria-pressed={isOn}
              onClick={() => toggle(day)}
              className={cx("h-7 rounded-md px-2.5 text-xs font-medium ring-1 ring-inset", isOn ? "bg-accent-soft text-accent-ink ring-accent/40" : "text-ink-3 ring-line hover:text-ink")}
            >
              {name}
            </button>
          );
        })}
      </div>
    </>
  );
}
