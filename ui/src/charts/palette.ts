/** The theme's colours as a canvas needs them. */

import type { Palette } from "./paint";

export function palette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const value = (name: string) => style.getPropertyValue(name).trim();
  return {
    text: value("--text-3"),
    line: value("--line-soft"),
    strong: value("--line-strong"),
    background: value("--bg-raised"),
    accent: value("--accent"),
    font: value("--font"),
    ramp: value("--ramp").split(",").map(rgb),
  };
}

/** The red, green and blue of a colour such as #4c5fd7 or #fc0. */
function rgb(text: string): number[] {
  const digits = text.trim().slice(1);
  const wide = digits.length === 3 ? digits.replace(/./g, "$&$&") : digits;
  return [0, 2, 4].map((at) => Number.parseInt(wide.slice(at, at + 2), 16));
}
