import { X } from "lucide-react";
import { useState, type ReactNode } from "react";
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { messageOf } from "@/api/client";
import { Banner } from "./Banner";
import { Button, IconButton } from "./Button";
import { cx } from "./cx";

export interface DialogProps {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  children: ReactNode;
  /** Buttons, the main one last. */
  footer?: ReactNode;
  /** Pixels: 440 (default), 640 or wider. */
  width?: number;
  role?: "dialog" | "alertdialog";
}

export function Dialog({ title, isOpen, onClose, children, footer, width = 440, role = "dialog" }: DialogProps) {
  return (
    <ModalOverlay
      isOpen={isOpen}
      onOpenChange={(open) => !open && onClose()}
      isDismissable={role === "dialog"}
      className="fixed inset-0 z-40 flex items-start justify-center overflow-y-auto bg-black/35 p-4 pt-[12vh] animate-[appear_120ms] dark:bg-black/60"
    >
      <Modal style={{ maxWidth: width }} className="w-full rounded-xl bg-raised shadow-dialog animate-[rise_140ms_ease-out]">
        <AriaDialog role={role} className="flex max-h-[76vh] flex-col outline-none">
          <header className="flex items-center justify-between gap-4 px-5 pt-4 pb-1">
            <Heading slot="title" className="text-base font-semibold">
              {title}
            </Heading>
            <IconButton label="Close" icon={<X size={16} />} small onPress={onClose} />
          </header>
          <div className={cx("min-h-0 overflow-y-auto px-5 py-2", !footer && "pb-5")}>{children}</div>
          {footer && <footer className="flex justify-end gap-2 px-5 pt-3 pb-5">{footer}</footer>}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

export interface ConfirmProps {
  title: string;
  /** What will happen, and whether it can be undone. */
  children: ReactNode;
  action: string;
  isDangerous?: boolean;
  isOpen: boolean;
  onClose: () => void;
  /** The dialog stays open, busy, until this has ended, and shows why when it failed. */
  onConfirm: () => Promise<unknown>;
}

export function ConfirmDialog({ title, children, action, isDangerous, isOpen, onClose, onConfirm }: ConfirmProps) {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const close = () => {
    setProblem(undefined);
    onClose();
  };
  const confirm = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      await onConfirm();
      close();
    } catch (error) {
      setProblem(messageOf(error));
    } finally {
      setBusy(false);
    }
  };
  const footer = (
    <>
      <Button onPress={close} isDisabled={isBusy}>
        Cancel
      </Button>
      <Button kind={isDangerous ? "danger" : "primary"} isBusy={isBusy} onPress={() => void confirm()} autoFocus>
        {action}
      </Button>
    </>
  );
  return (
    <Dialog title={title} isOpen={isOpen} onClose={close} footer={footer} role="alertdialog">
      <div className="text-ink-2">{children}</div>
      {problem && <Banner kind="error" title={problem} className="mt-3" />}
    </Dialog>
  );
}
