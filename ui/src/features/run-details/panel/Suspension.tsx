import { useMutation } from "@tanstack/react-query";
import { Play, X } from "lucide-react";
import { useState } from "react";
import { messageOf } from "@/api/client";
import { answerTasks } from "@/api/own";
import type { AwaitedView, SuspensionView } from "@/api/own-types";
import { Banner } from "@/shared/Banner";
import { Button } from "@/shared/Button";
import { READ_ONLY, useMayEdit } from "@/shared/EditorOnly";
import { Field, NativeSelect, TextInput } from "@/shared/Field";
import { RelativeTime } from "@/shared/Time";
import { toast } from "@/shared/toast";

export interface SuspensionProps {
  run: string;
  task: string;
  suspension: SuspensionView;
  /** After an answer was taken. */
  onAnswered: () => void;
}

/** A task that waits: until when, and what somebody says to it; once it has gone on, who said so. */
export function Suspension(props: SuspensionProps) {
  const { waits, until, by, message } = props.suspension;
  if (!waits) {
    if (by === undefined && message === undefined) return null;
    return (
      <Banner kind="info" title={by === undefined ? "Somebody answered" : `Answered by ${by}`} className="mx-4 mt-3">
        {message}
      </Banner>
    );
  }
  const isTimed = until !== undefined && props.suspension.awaited.length === 0;
  return (
    <section aria-label={isTimed ? "Waiting" : "Answer"} className="mx-4 mt-3 space-y-3 rounded-lg bg-running-soft p-3">
      <p className="font-medium text-running">
        {until === undefined ? (
          "The task waits for somebody."
        ) : (
          <>
            The task waits; it goes on by itself <RelativeTime time={until} />.
          </>
        )}
      </p>
      {isTimed ? <GoOn {...props} /> : <AnswerForm {...props} />}
    </section>
  );
}

/** A wait for a time needs nobody, but may be cut short. */
function GoOn({ run, task, onAnswered }: SuspensionProps) {
  const mayEdit = useMayEdit();
  const send = useMutation({
    mutationFn: () => answerTasks(run, { tasks: [task], parameters: {}, decline: false }),
    onSuccess: () => {
      toast("The task goes on");
      onAnswered();
    },
  });
  if (!mayEdit) return null;
  return (
    <>
      {send.error !== null && <Banner kind="error" title={messageOf(send.error)} />}
      <Button small icon={<Play size={13} />} isBusy={send.isPending} onPress={() => send.mutate()}>
        Go on now
      </Button>
    </>
  );
}

function AnswerForm({ run, task, suspension, onAnswered }: SuspensionProps) {
  const mayEdit = useMayEdit();
  const [texts, setTexts] = useState<Record<string, string>>(() => Object.fromEntries(suspension.awaited.map((one) => [one.name, one.suggested ?? one.default ?? one.choices[0] ?? ""])));
  const [message, setMessage] = useState("");
  const [isStrict, setStrict] = useState(false);
  const send = useMutation({
    mutationFn: (decline: boolean) => answerTasks(run, { tasks: [task], parameters: decline ? {} : given(suspension.awaited, texts), decline, message: message.trim() || undefined }),
    onSuccess: (_, decline) => {
      toast(decline ? "The task was declined" : "The task goes on");
      onAnswered();
    },
  });
  if (!mayEdit) return <p className="text-xs text-ink-2">{READ_ONLY}</p>;
  const isMissing = (one: AwaitedView) => texts[one.name] === "" && one.default === undefined;
  const resume = () => {
    setStrict(true);
    if (!suspension.awaited.some(isMissing)) send.mutate(false);
  };
  return (
    <form className="space-y-3" onSubmit={(event) => (event.preventDefault(), resume())}>
      {suspension.awaited.map((one) => (
        <Awaited
          key={one.name}
          awaited={one}
          text={texts[one.name] ?? ""}
          problem={isStrict && isMissing(one) ? "Give a value." : undefined}
          onChange={(text) => setTexts({ ...texts, [one.name]: text })}
        />
      ))}
      <Field label="Message" hint="Is kept with the run.">
        {(ids) => <TextInput {...ids} value={message} onChange={(event) => setMessage(event.target.value)} />}
      </Field>
      {send.error !== null && <Banner kind="error" title={messageOf(send.error)} />}
      <div className="flex gap-2">
        <Button small kind="primary" type="submit" icon={<Play size={13} />} isBusy={send.isPending}>
          Resume
        </Button>
        <Button small kind="danger" icon={<X size={13} />} isDisabled={send.isPending} onPress={() => send.mutate(true)}>
          Decline
        </Button>
      </div>
    </form>
  );
}

/** What is left empty is left out: its default stands in. */
function given(awaited: AwaitedView[], texts: Record<string, string>): Record<string, string> {
  return Object.fromEntries(awaited.flatMap((one) => (texts[one.name] === "" ? [] : [[one.name, texts[one.name]!]])));
}

function Awaited({ awaited, text, problem, onChange }: { awaited: AwaitedView; text: string; problem: string | undefined; onChange: (text: string) => void }) {
  return (
    <Field label={awaited.name} hint={awaited.description} problem={problem} isRequired={awaited.default === undefined}>
      {(ids) =>
        awaited.choices.length > 0 ? (
          <NativeSelect {...ids} value={text} onChange={(event) => onChange(event.target.value)}>
            {awaited.choices.map((choice) => (
              <option key={choice}>{choice}</option>
            ))}
          </NativeSelect>
        ) : (
          <TextInput {...ids} value={text} placeholder={awaited.default} onChange={(event) => onChange(event.target.value)} />
        )
      }
    </Field>
  );
}
