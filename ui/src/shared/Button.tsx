import type { ReactNode } from "react";
import { Link, type LinkProps } from "@tanstack/react-router";
import { Button as AriaButton, type ButtonProps as AriaButtonProps } from "react-aria-components";
import { cx } from "./cx";
import { Spinner } from "./Spinner";
import { Tooltip } from "./Tooltip";

export type ButtonKind = "primary" | "secondary" | "ghost" | "danger" | "ghost-danger";

export interface ButtonProps extends Omit<AriaButtonProps, "children" | "className"> {
  kind?: ButtonKind;
  /** Shown before the text. */
  icon?: ReactNode;
  /** Shows a spinner and takes no more presses. */
  isBusy?: boolean;
  small?: boolean;
  className?: string;
  children?: ReactNode;
}

const shape =
  "inline-flex shrink-0 items-center justify-center gap-1.5 whitespace-nowrap rounded-md font-medium select-none transition-colors duration-75 disabled:opacity-45 [&_svg]:shrink-0";
const kinds: Record<ButtonKind, string> = {
  primary: "bg-accent text-white hover:bg-accent-hover shadow-[inset_0_1px_0_rgb(255_255_255/0.15)]",
  secondary: "bg-raised text-ink ring-1 ring-inset ring-line-strong hover:bg-hover",
  ghost: "text-ink-2 hover:bg-hover hover:text-ink",
  "ghost-danger": "text-failed hover:bg-failed-soft",
  danger: "bg-failed-soft text-failed ring-1 ring-inset ring-failed/30 hover:ring-failed/70",
};
const look = (kind: ButtonKind, small: boolean | undefined, className?: string) =>
  cx(shape, kinds[kind], small ? "h-6 px-2 text-xs" : "h-8 px-3 text-sm", className);

export function Button({ kind = "secondary", icon, isBusy, small, className, children, isDisabled, ...rest }: ButtonProps) {
  return (
    <AriaButton {...rest} isDisabled={isDisabled || isBusy} className={look(kind, small, className)}>
      {isBusy ? <Spinner /> : icon}
      {children}
    </AriaButton>
  );
}

export interface LinkButtonProps {
  to: LinkProps["to"];
  params?: Record<string, string>;
  search?: Record<string, string>;
  kind?: ButtonKind;
  icon?: ReactNode;
  small?: boolean;
  className?: string;
  children: ReactNode;
}

/** Looks like a button, is a link: middle click and copying its address work. */
export function LinkButton({ to, params, search, kind = "secondary", icon, small, className, children }: LinkButtonProps) {
  return (
    <Link to={to as "/"} params={params as never} search={(search ?? {}) as never} className={look(kind, small, className)}>
      {icon}
      {children}
    </Link>
  );
}

export interface IconButtonProps extends Omit<ButtonProps, "children" | "icon"> {
  /** The name for screen readers and the tooltip. */
  label: string;
  icon: ReactNode;
  shortcut?: string;
}

export function IconButton({ label, icon, shortcut, kind = "ghost", small, className, isBusy, ...rest }: IconButtonProps) {
  return (
    <Tooltip text={label} shortcut={shortcut}>
      <AriaButton
        {...rest}
        aria-label={label}
        isDisabled={rest.isDisabled || isBusy}
        className={cx(shape, kinds[kind], small ? "size-6" : "size-8", className)}
      >
        {isBusy ? <Spinner /> : icon}
      </AriaButton>
    </Tooltip>
  );
}
