/** Shortcuts: pages register what they offer while they are shown; `?` lists it all. */

import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";

export interface Shortcut {
  keys: string;
  label: string;
  run: (event: KeyboardEvent) => void;
}

export const shortcuts = signal<Shortcut[]>([]);

function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

let pending = "";

window.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (document.querySelector("dialog[open]") && event.key !== "Escape") return;
  const chord = pending ? `${pending} ${event.key}` : event.key;
  pending = "";
  const all = shortcuts.peek();
  const found = all.findLast((s) => s.keys === chord);
  if (found) {
    event.preventDefault();
    found.run(event);
  } else if (all.some((s) => s.keys.startsWith(`${chord} `))) {
    pending = chord;
    setTimeout(() => {
      pending = "";
    }, 900);
  }
});

/** Offers shortcuts while the calling component is shown. */
export function useShortcuts(list: Shortcut[]): void {
  const latest = useRef(list);
  latest.current = list;
  const keys = list.map((s) => s.keys).join("|");
  useEffect(() => {
    const mine = latest.current.map(({ keys, label }) => ({
      keys,
      label,
      run: (event: KeyboardEvent) => latest.current.find((s) => s.keys === keys)?.run(event),
    }));
    shortcuts.value = [...shortcuts.peek(), ...mine];
    return () => {
      shortcuts.value = shortcuts.peek().filter((s) => !mine.includes(s));
    };
  }, [keys]);
}

/** Lets `j` and `k` walk over the rows of the page's list and a key act on one; returns the row
 * one is at, -1 before the first step. */
export function useListKeys(
  count: number,
  act: (index: number) => void,
  label = "Open the row",
  key = "Enter",
): number {
  const [at, setAt] = useState(-1);
  const cursor = Math.min(at, count - 1);
  const move = (by: number) => {
    const next = Math.max(0, Math.min(count - 1, cursor + by));
    setAt(next);
    document.querySelectorAll(".list-row")[next]?.scrollIntoView({ block: "nearest" });
  };
  useShortcuts([
    { keys: "j", label: "Next row", run: () => move(1) },
    { keys: "k", label: "Previous row", run: () => move(-1) },
    { keys: key, label, run: () => cursor >= 0 && act(cursor) },
  ]);
  return cursor;
}
