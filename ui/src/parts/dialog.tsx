/** Dialogs and menus, on the browser's own <dialog> and focus rules. */

import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Button } from "./basics";
import { Icon, type IconName } from "./icon";

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  wide?: boolean;
}

export function Dialog({ title, onClose, children, wide }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  // Before the next key can come: what is typed right after the click belongs in the dialog.
  useLayoutEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    dialog?.querySelector<HTMLElement>("form :is(input, textarea, select):enabled")?.focus();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={ref}
      class={wide ? "wide" : ""}
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => event.target === ref.current && onClose()}
    >
      <header>
        <h2>{title}</h2>
        <Button label="Close" icon="close" kind="quiet" iconOnly onClick={onClose} />
      </header>
      <div class="dialog-body">{children}</div>
    </dialog>
  );
}

interface FormProps {
  title: string;
  action: string;
  danger?: boolean;
  onSubmit: () => Promise<boolean> | boolean;
  onClose: () => void;
  children: ComponentChildren;
}

/** A dialog that asks something; closes when `onSubmit` says that it worked. */
export function FormDialog({ title, action, danger, onSubmit, onClose, children }: FormProps) {
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    if (await onSubmit()) onClose();
    else setBusy(false);
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form class="form" onSubmit={submit}>
        {children}
        <footer>
          <Button label="Cancel" onClick={onClose} />
          <Button
            label={action}
            kind={danger ? "danger" : "primary"}
            type="submit"
            disabled={busy}
          />
        </footer>
      </form>
    </Dialog>
  );
}

export function Field(p: { label: string; hint?: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is among the children
    <label class="field">
      <span>{p.label}</span>
      {p.children}
      {p.hint && <small>{p.hint}</small>}
    </label>
  );
}

interface PopoverProps {
  label: string;
  icon?: IconName;
  iconOnly?: boolean;
  kind?: "plain" | "quiet";
  badge?: string | undefined;
  wide?: boolean;
  children: (close: () => void) => ComponentChildren;
}

/** A button that opens a small panel below itself. */
export function Popover(p: PopoverProps) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (open) root.current?.querySelector<HTMLElement>(".popover .panel-head input")?.focus();
  }, [open]);
  useEffect(() => {
    if (!open) return;
    const outside = (event: PointerEvent) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    const onEscape = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      setOpen(false);
      root.current?.querySelector("button")?.focus();
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("keydown", onEscape);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("keydown", onEscape);
    };
  }, [open]);
  return (
    <div class="popover-root" ref={root}>
      <button
        type="button"
        class={`button ${p.kind ?? "plain"} ${p.iconOnly ? "icon-only" : ""} ${p.badge ? "active" : ""}`}
        {...(p.iconOnly ? { "aria-label": p.label } : {})}
        aria-expanded={open}
        title={p.iconOnly ? p.label : undefined}
        onClick={() => setOpen(!open)}
      >
        {p.icon && <Icon name={p.icon} size={14} />}
        {!p.iconOnly && <span>{p.label}</span>}
        {p.badge && <b class="badge">{p.badge}</b>}
      </button>
      {open && (
        <div class={`popover ${p.wide ? "wide" : ""}`}>{p.children(() => setOpen(false))}</div>
      )}
    </div>
  );
}

export interface MenuItem {
  label: string;
  icon?: IconName;
  danger?: boolean;
  run: () => void;
}

export function Menu({ label, items }: { label: string; items: MenuItem[] }) {
  return (
    <Popover label={label} icon="more" iconOnly kind="quiet">
      {(close) => (
        <div class="menu" role="menu">
          {items.map((item) => (
            <button
              key={item.label}
              type="button"
              role="menuitem"
              class={item.danger ? "danger" : ""}
              onClick={() => {
                close();
                item.run();
              }}
            >
              {item.icon && <Icon name={item.icon} size={14} />}
              {item.label}
            </button>
          ))}
        </div>
      )}
    </Popover>
  );
}
