import { CircleAlert, CircleCheck, X } from "lucide-react";
import { useSyncExternalStore } from "react";
import { messageOf } from "@/api/client";
import { Button, IconButton } from "./Button";
import { Spinner } from "./Spinner";
import { dismiss, hold, resume, toast, toasts, type ToastMessage } from "./toast";

/** The corner where messages appear, away from what buttons of forms and panels stand in; once in the shell. */
export function Toasts() {
  const messages = useSyncExternalStore(toasts.subscribe, toasts.current);
  return (
    <div role="region" aria-label="Notifications" className="pointer-events-none fixed bottom-14 left-4 z-50 flex w-90 max-w-[calc(100vw-2rem)] flex-col gap-2">
      <div aria-live="polite" className="contents">
        {messages.map((message) => (
          <Card key={message.id} message={message} />
        ))}
      </div>
    </div>
  );
}

function Card({ message }: { message: ToastMessage }) {
  const { id, kind, text, undo } = message;
  const takeBack = async () => {
    dismiss(id);
    try {
      await undo?.();
    } catch (error) {
      toast(messageOf(error), { kind: "error" });
    }
  };
  return (
    <div
      onPointerEnter={() => hold(id)}
      onPointerLeave={() => kind === "done" && resume(id)}
      className="pointer-events-auto flex items-start gap-2 rounded-lg bg-raised py-2 pr-2 pl-3 shadow-pop animate-[rise_160ms_ease-out]"
    >
      {kind === "busy" ? (
        <span className="mt-1 text-ink-3">
          <Spinner size={16} />
        </span>
      ) : kind === "done" ? (
        <CircleCheck size={16} className="mt-1 shrink-0 text-succeeded" aria-hidden />
      ) : (
        <CircleAlert size={16} className="mt-1 shrink-0 text-failed" aria-label="Error" />
      )}
      <div className="min-w-0 flex-1 py-0.5 break-words">{text}</div>
      {undo && (
        <Button small kind="ghost" onPress={() => void takeBack()}>
          Undo
        </Button>
      )}
      <IconButton small label="Close" icon={<X size={14} />} onPress={() => dismiss(id)} />
    </div>
  );
}
