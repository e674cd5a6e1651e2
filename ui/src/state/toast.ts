/** Short notes in the corner: what was done, with a way back, or what went wrong. */

import { signal } from "@preact/signals";
import { messageOf } from "../api/client";

export interface Toast {
  id: number;
  text: string;
  kind: "done" | "error";
  undo: (() => void) | undefined;
}

export const toasts = signal<Toast[]>([]);
let next = 1;

function add(text: string, kind: Toast["kind"], undo?: () => void): void {
  const id = next++;
  toasts.value = [...toasts.value, { id, text, kind, undo }];
  setTimeout(() => dismiss(id), kind === "error" ? 9000 : 5000);
}

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((t) => t.id !== id);
}

export function done(text: string, undo?: () => void): void {
  add(text, "done", undo);
}

export function failed(error: unknown): void {
  add(messageOf(error), "error");
}

/** Runs an action, says that it is done or what went wrong; whether it worked. */
export async function attempt(text: string, action: () => Promise<unknown>, undo?: () => void) {
  try {
    await action();
    if (text) done(text, undo);
    return true;
  } catch (error) {
    failed(error);
    return false;
  }
}
