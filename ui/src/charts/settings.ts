/** How charts are drawn, read from and written to the address. */

import { useMemo } from "preact/hooks";
import { address, setQuery } from "../state/router";
import type { Band } from "./curves";

export type XAxis = "step" | "time" | "relative";
export type ChartKind = "lines" | "scatter" | "bar" | "parallel" | "contour";

export interface ChartSettings {
  kind: ChartKind;
  x: XAxis;
  smooth: number;
  logX: boolean;
  logY: boolean;
  band: Band;
  best: boolean;
  runs: number;
  search: string;
  size: "s" | "m" | "l";
}

export const RUN_LIMITS = [10, 25, 50, 100, 250, 500, 1000];

export function useChartSettings(): ChartSettings {
  const query = address.value.query;
  return useMemo(() => {
    const text = (name: string, fallback: string) => query.get(name) ?? fallback;
    const runs = Number(text("runs", "100"));
    return {
      kind: text("kind", "lines") as ChartKind,
      x: text("x", "step") as XAxis,
      smooth: Math.min(0.99, Math.max(0, Number(text("smooth", "0")) || 0)),
      logX: query.has("logx"),
      logY: query.has("logy"),
      band: text("band", "std") as Band,
      best: query.has("best"),
      runs: RUN_LIMITS.includes(runs) ? runs : 100,
      search: text("metric", ""),
      size: text("size", "m") as "s" | "m" | "l",
    };
  }, [query]);
}

export function set(name: string, value: string | number | boolean | undefined): void {
  const text = value === true ? "1" : value === false ? undefined : value;
  setQuery({ [name]: text === undefined ? undefined : String(text) });
}
