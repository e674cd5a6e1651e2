/** Small things every page uses. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { ApiError, messageOf } from "../api/client";
import type { RunInfo } from "../api/schema";
import { copy } from "../state/clipboard";
import { attempt } from "../state/toast";
import { Icon, type IconName } from "./icon";

interface ButtonProps {
  label: string;
  icon?: IconName;
  kind?: "plain" | "primary" | "quiet" | "danger";
  iconOnly?: boolean;
  active?: boolean;
  disabled?: boolean;
  title?: string;
  onClick?: (event: MouseEvent) => void;
  type?: "button" | "submit";
  children?: ComponentChildren;
}

export function Button(p: ButtonProps) {
  const pressed = p.active === undefined ? {} : { "aria-pressed": p.active };
  return (
    <button
      type={p.type ?? "button"}
      class={`button ${p.kind ?? "plain"} ${p.iconOnly ? "icon-only" : ""} ${p.active ? "active" : ""}`}
      aria-label={p.label}
      title={p.title ?? (p.iconOnly ? p.label : undefined)}
      disabled={p.disabled}
      onClick={p.onClick}
      {...pressed}
    >
      {p.icon && <Icon name={p.icon} size={14} />}
      {!p.iconOnly && <span>{p.label}</span>}
      {p.children}
    </button>
  );
}

export function Status({ status, label = false }: { status: string; label?: boolean }) {
  const text = STATUS[status as RunInfo["status"]] ?? status.toLowerCase();
  return (
    <span class={`status ${status.toLowerCase()}`} title={text}>
      <i class="dot" />
      <span class={label ? "" : "hidden"}>{text}</span>
    </span>
  );
}

const STATUS: Record<RunInfo["status"], string> = {
  RUNNING: "Running",
  SCHEDULED: "Scheduled",
  FINISHED: "Finished",
  FAILED: "Failed",
  KILLED: "Killed",
};

export function Copy({ text, label = "Copy" }: { text: string; label?: string }) {
  const [copied, setCopied] = useState(false);
  const toClipboard = async () => {
    if (!(await attempt("", () => copy(text)))) return;
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <Button
      label={copied ? "Copied" : label}
      icon={copied ? "check" : "copy"}
      kind="quiet"
      iconOnly
      onClick={toClipboard}
    />
  );
}

export function Snippet({ code, label }: { code: string; label?: string }) {
  return (
    <div class="snippet">
      {label && <div class="snippet-label">{label}</div>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys */}
      <pre tabIndex={0}>{code}</pre>
      <Copy text={code} />
    </div>
  );
}

export function Empty(p: { title: string; children?: ComponentChildren; icon?: IconName }) {
  return (
    <div class="empty">
      {p.icon && (
        <div class="empty-icon">
          <Icon name={p.icon} size={22} />
        </div>
      )}
      <h2>{p.title}</h2>
      {p.children}
    </div>
  );
}

interface FailureProps {
  error: unknown;
  retry?: () => void;
  /** Where to go if what was asked for does not exist: a label and an address. */
  instead?: [string, string];
}

export function Failure({ error, retry, instead }: FailureProps) {
  const missing = instead && error instanceof ApiError && error.status === 404;
  return (
    <div class="failure" role="alert">
      <Icon name="warning" />
      <span>{messageOf(error)}</span>
      {missing && (
        <a class="button plain" href={instead[1]}>
          {instead[0]}
        </a>
      )}
      {!missing && retry && <Button label="Try again" onClick={retry} />}
    </div>
  );
}

export function Loading({ label = "Loading" }: { label?: string }) {
  return (
    <div class="loading" role="status">
      <i class="spinner" />
      {label}
    </div>
  );
}

interface SearchProps {
  value: string;
  placeholder: string;
  onInput: (value: string) => void;
  id?: string;
}

export function SearchField({ value, placeholder, onInput, id }: SearchProps) {
  const clearOnEscape = (event: KeyboardEvent & { currentTarget: HTMLInputElement }) => {
    if (event.key !== "Escape") return;
    if (value) onInput("");
    else event.currentTarget.blur();
  };
  return (
    <label class="search">
      <Icon name="search" size={14} />
      <input
        {...(id ? { id } : {})}
        type="search"
        value={value}
        placeholder={placeholder}
        aria-label={placeholder}
        spellcheck={false}
        onInput={(event) => onInput(event.currentTarget.value)}
        onKeyDown={clearOnEscape}
      />
    </label>
  );
}

export function Chip({ text, title }: { text: string; title?: string }) {
  return (
    <span class="chip" title={title ?? text}>
      {text}
    </span>
  );
}

export function Segmented<T extends string>(p: {
  label: string;
  value: T;
  options: readonly (readonly [T, string])[];
  onChange: (value: T) => void;
}) {
  return (
    <fieldset class="segmented" aria-label={p.label}>
      {p.options.map(([value, text]) => (
        <button
          key={value}
          type="button"
          aria-pressed={p.value === value}
          onClick={() => p.onChange(value)}
        >
          {text}
        </button>
      ))}
    </fieldset>
  );
}
