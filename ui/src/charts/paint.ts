/** Draws a line chart on any surface. */

import type { Extent, Line } from "./curves";
import { type AxisKind, type Scale, scale } from "./scale";
import type { Surface } from "./surface";

export interface Size {
  width: number;
  height: number;
}

export interface Palette {
  text: string;
  line: string;
  strong: string;
  background: string;
  accent: string;
  font: string;
  /** From little to much: red, green and blue of each stop. */
  ramp: number[][];
}

export interface Plot {
  x: Scale;
  y: Scale;
  left: number;
  top: number;
  width: number;
  height: number;
}

const MARGIN = { left: 52, right: 12, top: 10, bottom: 24 };

export function plotOf(size: Size, extent: Extent, xKind: AxisKind, yKind: AxisKind): Plot {
  const left = MARGIN.left;
  const { top } = MARGIN;
  const width = Math.max(10, size.width - left - MARGIN.right);
  const height = Math.max(10, size.height - top - MARGIN.bottom);
  const room = yKind === "log" ? 0 : (extent.y[1] - extent.y[0]) * 0.04;
  const y: [number, number] = [extent.y[0] - room, extent.y[1] + room];
  return {
    x: scale(xKind, extent.x, [left, left + width], Math.max(2, width / 70)),
    y: scale(yKind, y, [top + height, top], Math.max(2, height / 34)),
    left,
    top,
    width,
    height,
  };
}

export function paintAxes(surface: Surface, plot: Plot, palette: Palette): void {
  const { left, top, width, height } = plot;
  for (const tick of plot.y.ticks) {
    const y = Math.round(plot.y.toPixel(tick)) + 0.5;
    surface.polyline(Float32Array.of(left, y, left + width, y), { color: palette.line });
    surface.text(left - 7, y, plot.y.label(tick), {
      color: palette.text,
      align: "right",
      size: 10.5,
    });
  }
  const bottom = top + height;
  surface.polyline(Float32Array.of(left, bottom + 0.5, left + width, bottom + 0.5), {
    color: palette.strong,
  });
  for (const tick of plot.x.ticks) {
    const x = plot.x.toPixel(tick);
    surface.text(x, bottom + 13, plot.x.label(tick), {
      color: palette.text,
      align: "center",
      size: 10.5,
    });
  }
}

function pixels(plot: Plot, xs: Float64Array, ys: Float64Array): Float32Array {
  const points = new Float32Array(xs.length * 2);
  for (let i = 0; i < xs.length; i++) {
    points[i * 2] = plot.x.toPixel(xs[i] as number);
    const y = ys[i] as number;
    points[i * 2 + 1] =
      Number.isFinite(y) && (plot.y.kind !== "log" || y > 0) ? plot.y.toPixel(y) : Number.NaN;
  }
  return points;
}

function bandPixels(plot: Plot, line: Line): Float32Array | undefined {
  const { xs, low, high } = line;
  if (!low || !high) return undefined;
  const kept: number[] = [];
  for (let i = 0; i < xs.length; i++) if (Number.isFinite(high[i])) kept.push(i);
  const points = new Float32Array(kept.length * 4);
  kept.forEach((i, at) => {
    const x = plot.x.toPixel(xs[i] as number);
    const back = points.length - 2 - at * 2;
    points[at * 2] = x;
    points[at * 2 + 1] = plot.y.toPixel(high[i] as number);
    points[back] = x;
    points[back + 1] = plot.y.toPixel(low[i] as number);
  });
  return points;
}

export interface LineStyle {
  width: number;
  alpha: number;
}

/** Thinner and fainter, the more lines there are. */
export function styleFor(count: number): LineStyle {
  if (count <= 12) return { width: 1.6, alpha: 1 };
  if (count <= 60) return { width: 1.2, alpha: 0.85 };
  if (count <= 300) return { width: 1, alpha: 0.55 };
  return { width: 1, alpha: 0.32 };
}

export function paintLine(surface: Surface, plot: Plot, line: Line, style: LineStyle): void {
  const band = bandPixels(plot, line);
  if (band) surface.area(band, line.color, 0.14);
  if (line.raw) {
    const faint = { color: line.color, width: 1, alpha: style.alpha * 0.22 };
    surface.polyline(pixels(plot, line.xs, line.raw), faint);
  }
  const points = pixels(plot, line.xs, line.ys);
  surface.polyline(points, { color: line.color, ...style });
  for (const at of lonely(points)) {
    surface.circle(points[at] ?? 0, points[at + 1] ?? 0, 2.5, line.color, style.alpha);
  }
}

/** Where points have no neighbour to draw a line to. */
function lonely(points: Float32Array): number[] {
  const found: number[] = [];
  const drawn = (at: number) => Number.isFinite(points[at + 1] ?? Number.NaN);
  for (let at = 0; at < points.length; at += 2) {
    if (drawn(at) && !drawn(at - 2) && !drawn(at + 2)) found.push(at);
  }
  return found;
}

export function paintBest(surface: Surface, plot: Plot, line: Line, palette: Palette): void {
  if (!line.best) return;
  const x = plot.x.toPixel(line.best.x);
  const y = plot.y.toPixel(line.best.y);
  surface.circle(x, y, 4, palette.background);
  surface.circle(x, y, 3, line.color);
}

const MOST_RAW = 60;

export function paintChart(surface: Surface, plot: Plot, lines: Line[], palette: Palette): void {
  paintAxes(surface, plot, palette);
  const style = styleFor(lines.length);
  surface.clip(plot.left, plot.top - 4, plot.width + 6, plot.height + 8, () => {
    for (const line of lines) {
      paintLine(surface, plot, lines.length > MOST_RAW ? { ...line, raw: undefined } : line, style);
    }
    if (lines.length <= MOST_RAW) for (const line of lines) paintBest(surface, plot, line, palette);
  });
}

/** The line nearest to a place, and the position of its point. */
export function nearest(plot: Plot, lines: Line[], px: number, py: number) {
  let found: { line: Line; index: number; distance: number } | undefined;
  const x = plot.x.toValue(px);
  for (const line of lines) {
    const index = nearestIndex(line.xs, x);
    if (index < 0) continue;
    const y = line.ys[index] as number;
    if (!Number.isFinite(y)) continue;
    const dx = (plot.x.toPixel(line.xs[index] as number) - px) * 0.5;
    const distance = Math.hypot(dx, plot.y.toPixel(y) - py);
    if (!found || distance < found.distance) found = { line, index, distance };
  }
  return found;
}

export function nearestIndex(xs: Float64Array, x: number): number {
  let low = 0;
  let high = xs.length - 1;
  if (high < 0) return -1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((xs[middle] as number) < x) low = middle + 1;
    else high = middle;
  }
  const previous = xs[low - 1];
  return previous !== undefined && x - previous < (xs[low] as number) - x ? low - 1 : low;
}
