/** Charts as files: PNG, SVG and CSV. */

import type { Line } from "./curves";

export function save(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function fileName(title: string, ending: string): string {
  return `${title.replace(/[^\w.-]+/g, "_") || "chart"}.${ending}`;
}

function field(value: string): string {
  return /[",\n\r]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

export function csv(rows: (string | number)[][]): Blob {
  const text = rows.map((row) => row.map((v) => field(String(v))).join(",")).join("\r\n");
  return new Blob([text, "\r\n"], { type: "text/csv" });
}

export function linesCsv(lines: Line[], x: string, y: string): Blob {
  const rows: (string | number)[][] = [["run_id", "run", x, y]];
  for (const line of lines) {
    for (const [i, at] of line.xs.entries()) rows.push([line.id, line.label, at, line.ys[i] ?? ""]);
  }
  return csv(rows);
}
