/** Numbers, times and sizes as people read them. */

/** A metric's value: enough digits to tell values apart, few enough to scan a column. MLflow keeps
 * what is infinite as the largest number there is. */
export function number(value: number | string | null | undefined, digits = 5): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value.replace("Infinity", "∞");
  if (Number.isNaN(value)) return "NaN";
  if (Math.abs(value) >= Number.MAX_VALUE) return value > 0 ? "∞" : "-∞";
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return value.toLocaleString("en-US");
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e7)) return trimmed(value.toExponential(digits - 2));
  return trimmed(value.toPrecision(digits));
}

function trimmed(text: string): string {
  const [mantissa = "", exponent] = text.split("e");
  const short = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
  return exponent === undefined ? short : `${short}e${exponent.replace("+", "")}`;
}

export function count(value: number): string {
  return value.toLocaleString("en-US");
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

export function duration(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 1) return `${Math.round(milliseconds)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${String(Math.floor(seconds % 60)).padStart(2, "0")}s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours}h ${String(minutes % 60).padStart(2, "0")}m`;
  return `${Math.floor(hours / 24)}d ${hours % 24}h`;
}

const STEPS: [number, Intl.RelativeTimeFormatUnit][] = [
  [60, "second"],
  [3600, "minute"],
  [86_400, "hour"],
  [86_400 * 30, "day"],
  [86_400 * 365, "month"],
  [Number.POSITIVE_INFINITY, "year"],
];
const UNITS = {
  second: 1,
  minute: 60,
  hour: 3600,
  day: 86_400,
  month: 2_592_000,
  year: 31_536_000,
};
const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });

export function ago(time: number | null | undefined, now = Date.now()): string {
  if (!time) return "";
  const seconds = (now - time) / 1000;
  if (Math.abs(seconds) < 10) return "just now";
  const unit = STEPS.find(([limit]) => Math.abs(seconds) < limit)?.[1] ?? "year";
  const size = UNITS[unit as keyof typeof UNITS];
  return RELATIVE.format(-Math.round(seconds / size), unit);
}

const CLOCK = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

export function clock(time: number | null | undefined): string {
  return time ? CLOCK.format(time) : "";
}

export function bytes(size: number | null | undefined): string {
  if (size === null || size === undefined) return "";
  const units = ["B", "KB", "MB", "GB", "TB"];
  let value = size;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toPrecision(3)} ${units[unit]}`;
}
