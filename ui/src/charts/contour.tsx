/** A metric over two params as a heat map: the mean of the runs that fall into each cell. */

import { useState } from "preact/hooks";
import { number } from "../format";
import { columnLabel } from "../runs/cells";
import { asNumber, ramp } from "./axis";
import { Canvas, useSize } from "./canvas";
import { paintAxes } from "./paint";
import type { ComparisonProps } from "./sample";
import { plotFor } from "./scatter";

interface Cell {
  x: number;
  y: number;
  width: number;
  height: number;
  sum: number;
  runs: number;
}

const BINS = 16;

export function ContourChart({ columns, samples }: ComparisonProps) {
  const { ref, size } = useSize<HTMLDivElement>();
  const [hover, setHover] = useState<Cell | null>(null);
  const column = (i: number) => samples.map((s) => s.values[i] ?? null);
  const { plot, x, y } = plotFor(size, column(0), column(1), BINS);
  const across = x.categories?.length ?? BINS;
  const down = y.categories?.length ?? BINS;
  const width = plot.width / across;
  const height = plot.height / down;
  const cells = new Map<string, Cell>();
  for (const s of samples) {
    const value = asNumber(s.values[2]);
    const px = x.place(s.values[0] ?? null);
    const py = y.place(s.values[1] ?? null);
    if (![value, px, py].every((n) => Number.isFinite(n))) continue;
    const i = Math.min(across - 1, Math.max(0, Math.floor((px - plot.left) / width)));
    const j = Math.min(down - 1, Math.max(0, Math.floor((py - plot.top) / height)));
    const cell = cells.get(`${i}/${j}`) ?? {
      x: plot.left + i * width,
      y: plot.top + j * height,
      width,
      height,
      sum: 0,
      runs: 0,
    };
    cells.set(`${i}/${j}`, { ...cell, sum: cell.sum + value, runs: cell.runs + 1 });
  }
  const all = [...cells.values()];
  const means = all.map((c) => c.sum / c.runs);
  const [low, high] = [Math.min(...means), Math.max(...means)];
  const near = (event: PointerEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const [px, py] = [event.clientX - box.left, event.clientY - box.top];
    const inside = (c: Cell) => px >= c.x && px < c.x + width && py >= c.y && py < c.y + height;
    setHover(all.find(inside) ?? null);
  };
  return (
    <div ref={ref} class="chart-area" onPointerMove={near} onPointerLeave={() => setHover(null)}>
      <Canvas
        label={`Heat map of ${columnLabel(columns[2] ?? "")} over ${columns.slice(0, 2).map(columnLabel).join(" and ")}`}
        size={size}
        deps={[samples, columns.join()]}
        draw={({ surface, palette }) => {
          paintAxes(surface, plot, palette);
          all.forEach((c, i) => {
            const part = high > low ? ((means[i] as number) - low) / (high - low) : 0.5;
            surface.rect(c.x + 1, c.y + 1, width - 2, height - 2, ramp(part, palette.ramp));
          });
          const middle = plot.left + plot.width / 2;
          surface.text(middle, size.height - 10, columnLabel(columns[0] ?? ""), {
            color: palette.text,
            align: "center",
          });
          surface.text(10, plot.top + plot.height / 2, columnLabel(columns[1] ?? ""), {
            color: palette.text,
            align: "center",
            rotate: true,
          });
        }}
      />
      {hover && (
        <div class="tip" style={{ left: `${hover.x}px`, top: `${hover.y - 30}px` }}>
          <b>{number(hover.sum / hover.runs, 6)}</b>{" "}
          <span class="muted">mean of {hover.runs} runs</span>
        </div>
      )}
    </div>
  );
}
