/** From values to pixels and back, and where the ticks of an axis stand. */

import { duration, number } from "../format";

export type AxisKind = "number" | "log" | "time" | "duration";

export interface Scale {
  kind: AxisKind;
  min: number;
  max: number;
  toPixel: (value: number) => number;
  toValue: (pixel: number) => number;
  ticks: number[];
  label: (value: number) => string;
}

export function scale(
  kind: AxisKind,
  domain: [number, number],
  range: [number, number],
  wanted: number,
): Scale {
  const [min, max] = widened(kind, domain);
  const [from, to] = range;
  const start = kind === "log" ? Math.log10(min) : min;
  const span = (kind === "log" ? Math.log10(max) : max) - start || 1;
  const factor = (to - from) / span;
  const toPixel =
    kind === "log"
      ? (value: number) => from + (Math.log10(Math.max(value, 1e-300)) - start) * factor
      : (value: number) => from + (value - start) * factor;
  const toValue = (pixel: number) => {
    const value = start + (pixel - from) / factor;
    return kind === "log" ? 10 ** value : value;
  };
  const ticks = ticksOf(kind, min, max, wanted);
  return { kind, min, max, toPixel, toValue, ticks, label: labels(kind, ticks) };
}

/** Never an empty range: a single value gets some room around it. */
function widened(kind: AxisKind, [min, max]: [number, number]): [number, number] {
  if (!Number.isFinite(min) || !Number.isFinite(max)) return kind === "log" ? [1, 10] : [0, 1];
  if (kind === "log") {
    const low = min > 0 ? min : max > 0 ? max / 1e6 : 1;
    return max > low ? [low, max] : [low / 2, low * 2];
  }
  if (max > min) return [min, max];
  const room = Math.abs(min) * 0.1 || 1;
  return [min - room, max + room];
}

const TIME_STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
  172_800, 604_800, 2_592_000, 7_776_000, 31_536_000,
]; // prettier-ignore

function ticksOf(kind: AxisKind, min: number, max: number, wanted: number): number[] {
  if (kind === "log") return logTicks(min, max);
  const raw = (max - min) / Math.max(1, wanted);
  const step = kind === "number" || raw < 1000 ? nice(raw) : timeStep(raw);
  const found: number[] = [];
  const start = Math.ceil(min / step);
  for (let i = start; i * step <= max + step * 1e-9 && found.length < 50; i++) found.push(i * step);
  return found;
}

function nice(raw: number): number {
  const power = 10 ** Math.floor(Math.log10(raw));
  const part = raw / power;
  return power * (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
}

function timeStep(milliseconds: number): number {
  const seconds = milliseconds / 1000;
  const found = TIME_STEPS.find((step) => step >= seconds);
  return (found ?? nice(seconds / 31_536_000) * 31_536_000) * 1000;
}

function logTicks(min: number, max: number): number[] {
  const low = Math.floor(Math.log10(min));
  const high = Math.ceil(Math.log10(max));
  const step = Math.max(1, Math.ceil((high - low) / 6));
  const fine = high - low <= 2 ? [1, 2, 5] : [1];
  const found: number[] = [];
  for (let power = low; power <= high; power += step) {
    for (const part of fine) {
      const value = part * 10 ** power;
      if (value >= min * 0.999 && value <= max * 1.001) found.push(value);
    }
  }
  return found;
}

function labels(kind: AxisKind, ticks: number[]): (value: number) => string {
  if (kind === "duration") return (value) => (value === 0 ? "0" : duration(value));
  if (kind !== "time") return (value) => compact(value);
  const days = (ticks.at(-1) ?? 0) - (ticks[0] ?? 0) > 3 * 86_400_000;
  const format = new Intl.DateTimeFormat(
    "en-GB",
    days ? { day: "numeric", month: "short" } : { hour: "2-digit", minute: "2-digit" },
  );
  return (value) => format.format(value);
}

export function compact(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e12) return number(value, 4);
  if (size >= 1e9) return `${number(value / 1e9, 3)}G`;
  if (size >= 1e6) return `${number(value / 1e6, 3)}M`;
  if (size >= 1e4) return `${number(value / 1e3, 4)}k`;
  return number(Number(value.toPrecision(10)), 6);
}
