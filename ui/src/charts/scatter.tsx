/** Runs as points over two columns, coloured by a third. */

import { useState } from "preact/hooks";
import { number } from "../format";
import { columnLabel } from "../runs/cells";
import { ramp, rangeOf, share, valueAxis } from "./axis";
import { Canvas, useSize } from "./canvas";
import { type Plot, paintAxes } from "./paint";
import type { ComparisonProps, Sample } from "./sample";

export function plotFor(
  size: { width: number; height: number },
  xs: Sample["values"],
  ys: Sample["values"],
  mostCategories = 0,
) {
  const left = 78;
  const top = 12;
  const width = Math.max(10, size.width - left - 16);
  const height = Math.max(10, size.height - top - 48);
  const x = valueAxis(xs, [left, left + width], width / 100, mostCategories);
  const y = valueAxis(ys, [top + height, top], height / 50, mostCategories);
  const plot: Plot = { x: x.scale, y: y.scale, left, top, width, height };
  return { plot, x, y };
}

export function ScatterChart({ columns, samples, onOpen }: ComparisonProps) {
  const { ref, size } = useSize<HTMLDivElement>();
  const [hover, setHover] = useState<Sample | null>(null);
  const column = (i: number) => samples.map((s) => s.values[i] ?? null);
  const { plot, x, y } = plotFor(size, column(0), column(1));
  const colored = columns.length > 2;
  const range = rangeOf(column(2));
  const place = (s: Sample) =>
    [x.place(s.values[0] ?? null), y.place(s.values[1] ?? null)] as const;
  const near = (event: PointerEvent): Sample | null => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const at = [event.clientX - box.left, event.clientY - box.top] as const;
    let best: [Sample, number] | null = null;
    for (const s of samples) {
      const [px, py] = place(s);
      const distance = Math.hypot(px - at[0], py - at[1]);
      if (distance < (best?.[1] ?? 18)) best = [s, distance];
    }
    return best?.[0] ?? null;
  };
  const [hx, hy] = hover ? place(hover) : [0, 0];
  return (
    <div
      ref={ref}
      class="chart-area"
      onPointerMove={(event) => setHover(near(event))}
      onPointerLeave={() => setHover(null)}
      onClick={() => hover && onOpen(hover)}
      role="presentation"
    >
      <Canvas
        label={`Scatter of ${samples.length} runs: ${columns.map(columnLabel).join(", ")}`}
        size={size}
        deps={[samples, hover, columns.join()]}
        draw={({ surface, palette }) => {
          paintAxes(surface, plot, palette);
          const alpha = samples.length > 300 ? 0.55 : 0.85;
          for (const s of samples) {
            const [px, py] = place(s);
            if (!Number.isFinite(px) || !Number.isFinite(py)) continue;
            const color = colored ? ramp(share(s.values[2] ?? null, range), palette.ramp) : s.color;
            surface.circle(px, py, s === hover ? 7 : 4.5, color, s === hover ? 1 : alpha);
          }
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
        <div
          class="tip"
          style={
            hx > size.width / 2
              ? { right: `${size.width - hx + 12}px`, top: `${hy}px` }
              : { left: `${hx + 12}px`, top: `${hy}px` }
          }
        >
          <b>{hover.name}</b>
          {columns.map((id, i) => (
            <div key={id} class="num">
              <span class="muted">{columnLabel(id)}</span> {number(hover.values[i], 6)}
            </div>
          ))}
        </div>
      )}
    </div>
  );
}
