/** Axes over values of runs, which may be numbers or words. */

import { type Scale, scale } from "./scale";

export interface ValueAxis {
  scale: Scale;
  place: (value: number | string | null) => number;
  categories: string[] | null;
}

export function asNumber(value: number | string | null | undefined): number {
  if (typeof value === "number") return Math.abs(value) < Number.MAX_VALUE ? value : Number.NaN;
  if (value === null || value === undefined || value.trim() === "") return Number.NaN;
  return Number(value);
}

/** A numeric axis where all values are numbers (logarithmic where they span decades), else, or if
 * there are at most `mostCategories` different ones, a place for each value. */
export function valueAxis(
  values: (number | string | null)[],
  range: [number, number],
  wanted: number,
  mostCategories = 0,
): ValueAxis {
  const present = values.filter((value) => value !== null && value !== "NaN");
  const numbers = present.map(asNumber);
  const few = new Set(present).size <= mostCategories;
  if (!few && present.length > 0 && numbers.every((n) => Number.isFinite(n))) {
    const min = Math.min(...numbers);
    const max = Math.max(...numbers);
    const room = (max - min) * 0.04;
    const log = min > 0 && max / min >= 100;
    const domain: [number, number] = log ? [min / 1.15, max * 1.15] : [min - room, max + room];
    const made = scale(log ? "log" : "number", domain, range, wanted);
    return { scale: made, place: (value) => made.toPixel(asNumber(value)), categories: null };
  }
  const categories = [...new Set(present.map(String))].sort(
    (a, b) => Number(a) - Number(b) || a.localeCompare(b, "en", { numeric: true }),
  );
  const made = scale("number", [-0.5, Math.max(0.5, categories.length - 0.5)], range, wanted);
  const step = Math.max(1, Math.ceil(categories.length / Math.max(1, wanted * 1.5)));
  const ticks = categories.map((_, i) => i).filter((i) => i % step === 0);
  const words = { ...made, ticks, label: (i: number) => categories[i] ?? "" };
  const place = (value: number | string | null) =>
    value === null ? Number.NaN : made.toPixel(categories.indexOf(String(value)));
  return { scale: words, place, categories };
}

/** A colour between the first stop (0) and the last (1); grey for what has no value. */
export function ramp(part: number, stops: number[][]): string {
  if (!Number.isFinite(part)) return "#888";
  const at = Math.min(0.9999, Math.max(0, part)) * (stops.length - 1);
  const low = stops[Math.floor(at)] as number[];
  const high = stops[Math.floor(at) + 1] as number[];
  const mix = low.map((v, i) => Math.round(v + ((high[i] as number) - v) * (at % 1)));
  return `rgb(${mix.join(" ")})`;
}

export function rangeOf(values: (number | string | null)[]): [number, number] {
  const numbers = values.map(asNumber).filter((n) => Number.isFinite(n));
  return [Math.min(...numbers), Math.max(...numbers)];
}

/** How far `value` is along the range of all values. */
export function share(value: number | string | null, [min, max]: [number, number]): number {
  const n = asNumber(value);
  return max > min ? (n - min) / (max - min) : 0.5;
}
