/** Light, dark, or what the system says; remembered in this browser. */

import { effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";
const KEY = "milepost.theme";

function stored(): Theme {
  const value = localStorage.getItem(KEY);
  return value === "light" || value === "dark" ? value : "system";
}

export const theme = signal<Theme>(stored());
const system = matchMedia("(prefers-color-scheme: dark)");
export const dark = signal(false);

function apply(): void {
  dark.value = theme.value === "dark" || (theme.value === "system" && system.matches);
  document.documentElement.dataset.theme = dark.value ? "dark" : "light";
}

effect(() => {
  localStorage.setItem(KEY, theme.value);
  apply();
});
system.addEventListener("change", apply);

export function toggleTheme(): void {
  theme.value = dark.value ? "light" : "dark";
}
