/** From fetched curves to the lines of a chart: x as chosen, smoothed, grouped. */

import type { Curve } from "../api/overview";
import { colorAt } from "../runs/colors";
import { bestPoint, grouped, type Line, lessIsBetter, type Points, smoothed } from "./curves";
import type { AxisKind } from "./scale";
import type { ChartSettings } from "./settings";

/** A run on a board. */
export interface BoardRun {
  id: string;
  name: string;
  color: string;
  start: number;
  /** Values of the params and tags the board groups by; empty without groups. */
  group: string;
}

export function xKindOf(settings: ChartSettings): AxisKind {
  if (settings.x === "time") return "time";
  if (settings.x === "relative") return "duration";
  return settings.logX ? "log" : "number";
}

function pointsOf(curve: Curve, settings: ChartSettings): Points {
  if (settings.x === "step" || !curve.times) return { xs: curve.steps, ys: curve.values };
  if (settings.x === "time") return inOrder(curve.times, curve.values);
  const start = curve.times[0] ?? 0;
  return inOrder(
    curve.times.map((t) => t - start),
    curve.values,
  );
}

/** Points by x: times seldom go back along the steps, but they may. */
function inOrder(xs: Float64Array, ys: Float64Array): Points {
  let sorted = true;
  for (let i = 1; i < xs.length && sorted; i++) sorted = (xs[i] as number) >= (xs[i - 1] as number);
  if (sorted) return { xs, ys };
  const order = [...xs.keys()].sort((a, b) => (xs[a] as number) - (xs[b] as number));
  return {
    xs: Float64Array.from(order, (i) => xs[i] as number),
    ys: Float64Array.from(order, (i) => ys[i] as number),
  };
}

export function linesOf(
  key: string,
  found: Map<string, Curve>,
  runs: BoardRun[],
  settings: ChartSettings,
): Line[] {
  const hasGroups = runs.some((run) => run.group !== "");
  if (hasGroups) return groupLines(key, found, runs, settings);
  const less = lessIsBetter(key);
  return runs.flatMap((run) => {
    const curve = found.get(run.id);
    if (!curve || curve.values.length === 0) return [];
    const points = pointsOf(curve, settings);
    const ys = smoothed(points.ys, settings.smooth);
    return {
      id: run.id,
      label: run.name,
      color: run.color,
      xs: points.xs,
      ys,
      raw: settings.smooth > 0 ? points.ys : undefined,
      best: settings.best ? bestPoint(points, less) : undefined,
    };
  });
}

function groupLines(
  key: string,
  found: Map<string, Curve>,
  runs: BoardRun[],
  settings: ChartSettings,
): Line[] {
  const groups = new Map<string, Points[]>();
  for (const run of runs) {
    const curve = found.get(run.id);
    if (!curve) continue;
    const points = pointsOf(curve, settings);
    const ys = smoothed(points.ys, settings.smooth);
    const members = groups.get(run.group) ?? [];
    groups.set(run.group, [...members, { xs: points.xs, ys }]);
  }
  const less = lessIsBetter(key);
  const names = groupNames(runs);
  return [...groups].map(([name, members]) => {
    const { xs, mean, low, high } = grouped(members, settings.band);
    const band = settings.band === "none" ? {} : { low, high };
    const best = settings.best ? bestPoint({ xs, ys: mean }, less) : undefined;
    const color = colorAt(names.indexOf(name));
    return { id: name, label: `${name} (${members.length})`, color, xs, ys: mean, best, ...band };
  });
}

export function groupNames(runs: BoardRun[]): string[] {
  return [...new Set(runs.map((run) => run.group))].sort((a, b) =>
    a.localeCompare(b, "en", { numeric: true }),
  );
}
