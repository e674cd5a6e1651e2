/** A list that comes a page at a time. */

import { useState } from "preact/hooks";

/** A part of a list. */
export interface Page<T> {
  items: T[];
  /** Asks for the next page; "" if there is none. */
  next: string;
}

/** All that was loaded of a list, and how to load more. What followed an earlier first page does
 * not join a new one. */
export function usePages<T>(first: Page<T>, load: (token: string) => Promise<Page<T>>) {
  const [more, setMore] = useState<{ after: Page<T>; page: Page<T> } | null>(null);
  const loaded = more?.after === first ? more.page : { items: [], next: first.next };
  const loadMore = async () => {
    const page = await load(loaded.next);
    setMore({ after: first, page: { items: [...loaded.items, ...page.items], next: page.next } });
  };
  return { items: [...first.items, ...loaded.items], next: loaded.next, loadMore };
}
