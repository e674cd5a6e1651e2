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
  };
}
