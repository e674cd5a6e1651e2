/** One connection a page over which the server says what changed; none while the tab is hidden. */

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { url } from "../api/client";
import type { Topics } from "../api/schema";

export const connected = signal(false);
const listeners = new Set<(change: Topics) => void>();
let source: EventSource | null = null;
let gap = false;
const RETRY = 3000;

function open(): void {
  if (source || document.hidden || listeners.size === 0) return;
  source = new EventSource(url("milepost/live"));
  source.onopen = () => {
    connected.value = true;
    if (gap) tell(null);
    gap = false;
  };
  source.onmessage = (event: MessageEvent<string>) => tell(JSON.parse(event.data) as Topics);
  source.onerror = () => {
    connected.value = false;
    gap = true;
    // Browsers try again by themselves, but not after an answer: a proxy gives one for a server
    // that is away.
    if (source?.readyState !== EventSource.CLOSED) return;
    close();
    setTimeout(open, RETRY);
  };
}

function close(): void {
  source?.close();
  source = null;
  connected.value = false;
  gap = true;
}

function tell(change: Topics): void {
  for (const listener of [...listeners]) listener(change);
}

document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));

/** Calls back with the topics that start with `prefix` (null: anything) while shown; calls that
 * come in quick succession are put together. */
export function useLive(prefix: string, callback: (topics: Topics) => void, wait = 400): void {
  const latest = useRef(callback);
  latest.current = callback;
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let gathered = new Set<string>();
    let everything = false;
    const flush = () => {
      timer = undefined;
      const topics = everything ? null : [...gathered];
      gathered = new Set();
      everything = false;
      // Hidden meanwhile: whoever comes back is told to look at everything.
      if (!document.hidden) latest.current(topics);
    };
    const listener = (change: Topics) => {
      const mine = change?.filter((topic) => topic.startsWith(prefix));
      if (mine?.length === 0) return;
      if (mine) for (const topic of mine) gathered.add(topic);
      else everything = true;
      timer ??= setTimeout(flush, wait);
    };
    listeners.add(listener);
    open();
    return () => {
      clearTimeout(timer);
      listeners.delete(listener);
    };
  }, [prefix, wait]);
}
