/** What the runs page shows, read from and written to its address. */

import { useMemo } from "preact/hooks";
import type { KeysReply } from "../api/schema";
import { address, setQuery } from "../state/router";
import { defaultColumns, parseColumn, parseSort, type Sort, sortText } from "./columns";

export type Tab = "table" | "charts" | "about";

export interface ViewState {
  tab: Tab;
  filter: string;
  sort: Sort | undefined;
  /** Chosen columns in order; the default ones if none were chosen. */
  columns: string[];
  chosen: boolean;
  pinned: string[];
  deleted: boolean;
  nested: boolean;
  groups: string[];
}

export function useViewState(keys: KeysReply | undefined): ViewState {
  const query = address.value.query;
  return useMemo(() => {
    const chosen = query.getAll("c").filter((id) => parseColumn(id));
    const tab = query.get("tab");
    return {
      tab: tab === "charts" || tab === "about" ? tab : "table",
      filter: query.get("q") ?? "",
      sort: parseSort(query.get("sort") ?? ""),
      columns: chosen.length > 0 ? chosen : keys ? defaultColumns(keys) : [],
      chosen: chosen.length > 0,
      pinned: query.getAll("pin"),
      deleted: query.get("deleted") === "1",
      nested: query.get("nested") === "1",
      groups: query.getAll("group").filter((id) => parseColumn(id)),
    };
  }, [query, keys]);
}

export function setFilter(filter: string): void {
  setQuery({ q: filter });
}

/** Sorts by a column: descending first, then ascending, then by time again. */
export function toggleSort(id: string, now: Sort | undefined): void {
  if (now?.id !== id) setQuery({ sort: sortText({ id, ascending: false }) });
  else if (!now.ascending) setQuery({ sort: sortText({ id, ascending: true }) });
  else setQuery({ sort: undefined });
}

export function setSort(sort: Sort): void {
  setQuery({ sort: sortText(sort) });
}

export function setColumns(columns: string[]): void {
  setQuery({ c: columns });
}

export function togglePin(id: string, pinned: string[]): void {
  setQuery({ pin: pinned.includes(id) ? pinned.filter((p) => p !== id) : [...pinned, id] });
}
