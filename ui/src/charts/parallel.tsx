/** Runs as lines through their params to their metrics; a range dragged on an axis picks runs. */

import { useState } from "preact/hooks";
import { columnLabel } from "../runs/cells";
import { ramp, rangeOf, share, valueAxis } from "./axis";
import { Canvas, useSize } from "./canvas";
import type { ComparisonProps, Sample } from "./sample";

type Brush = Record<number, [number, number]>;

export function ParallelChart({ columns, samples, onOpen }: ComparisonProps) {
  const { ref, size } = useSize<HTMLDivElement>();
  const [brush, setBrush] = useState<Brush>({});
  const [drag, setDrag] = useState<{ axis: number; from: number } | null>(null);
  const [hover, setHover] = useState<Sample | null>(null);
  const top = 34;
  const bottom = Math.max(top + 20, size.height - 14);
  const gap = (size.width - 150) / Math.max(1, columns.length - 1);
  const xOf = (i: number) => 70 + i * gap;
  const axes = columns.map((_, i) =>
    valueAxis(
      samples.map((s) => s.values[i] ?? null),
      [bottom, top],
      (bottom - top) / 50,
    ),
  );
  const lastColumn = columns.length - 1;
  const range = rangeOf(samples.map((s) => s.values[lastColumn] ?? null));
  const ys = (s: Sample) =>
    columns.map((_, i) => axes[i]?.place(s.values[i] ?? null) ?? Number.NaN);
  const passes = (s: Sample) =>
    Object.entries(brush).every(([i, [from, to]]) => {
      const y = axes[Number(i)]?.place(s.values[Number(i)] ?? null) ?? Number.NaN;
      return y >= Math.min(from, to) && y <= Math.max(from, to);
    });
  const at = (event: PointerEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top] as const;
  };
  const near = (px: number, py: number): Sample | null => {
    const i = Math.min(columns.length - 2, Math.max(0, Math.floor((px - 70) / gap)));
    const part = (px - xOf(i)) / gap;
    let best: [Sample, number] | null = null;
    for (const s of samples) {
      if (!passes(s)) continue;
      const [a, b] = [ys(s)[i] ?? Number.NaN, ys(s)[i + 1] ?? Number.NaN];
      const distance = Math.abs(a + (b - a) * part - py);
      if (distance < (best?.[1] ?? 10)) best = [s, distance];
    }
    return best?.[0] ?? null;
  };
  const points = (s: Sample) => {
    const places = ys(s);
    const result = new Float32Array(places.length * 2);
    places.forEach((y, i) => {
      result[i * 2] = xOf(i);
      result[i * 2 + 1] = y;
    });
    return result;
  };
  return (
    <div
      ref={ref}
      class="chart-area"
      role="presentation"
      onPointerDown={(event) => {
        const [px, py] = at(event);
        const axis = columns.findIndex((_, i) => Math.abs(xOf(i) - px) < 14);
        if (axis >= 0) {
          event.currentTarget.setPointerCapture(event.pointerId);
          setDrag({ axis, from: py });
        }
      }}
      onPointerMove={(event) => {
        const [px, py] = at(event);
        if (drag) setBrush({ ...brush, [drag.axis]: [drag.from, py] });
        else setHover(near(px, py));
      }}
      onPointerUp={() => {
        const mine = drag && brush[drag.axis];
        if (drag && (!mine || Math.abs(mine[1] - mine[0]) < 4)) {
          const { [drag.axis]: _, ...rest } = brush;
          setBrush(rest);
        }
        setDrag(null);
      }}
      onPointerLeave={() => setHover(null)}
      onClick={() => hover && !drag && onOpen(hover)}
    >
      <Canvas
        label={`Parallel coordinates of ${samples.length} runs: ${columns.map(columnLabel).join(", ")}`}
        size={size}
        deps={[samples, brush, hover, columns.join()]}
        draw={({ surface, palette }) => {
          const alpha = samples.length > 200 ? 0.3 : 0.65;
          for (const s of samples) {
            const color = ramp(share(s.values[lastColumn] ?? null, range), palette.ramp);
            const picked = passes(s);
            const stroke = picked ? { color, alpha } : { color: palette.strong, alpha: 0.25 };
            surface.polyline(points(s), { ...stroke, width: 1.3 });
          }
          if (hover) surface.polyline(points(hover), { color: palette.accent, width: 3 });
          columns.forEach((id, i) => {
            const x = xOf(i);
            surface.polyline(Float32Array.of(x, top, x, bottom), {
              color: palette.strong,
              width: 1.5,
            });
            const most = Math.max(4, Math.floor(gap / 7));
            const name = columnLabel(id);
            const label = name.length > most ? `${name.slice(0, most - 1)}…` : name;
            surface.text(x, 14, label, { color: palette.text, align: "center" });
            const axis = axes[i];
            for (const tick of axis?.scale.ticks ?? []) {
              const y = axis?.scale.toPixel(tick) ?? 0;
              surface.text(x + 6, y, axis?.scale.label(tick) ?? "", {
                color: palette.text,
                halo: palette.background,
                size: 10,
              });
            }
            const range = brush[i];
            if (range) {
              surface.rect(
                x - 7,
                Math.min(...range),
                14,
                Math.abs(range[1] - range[0]),
                palette.accent,
                0.3,
              ); // prettier-ignore
            }
          });
        }}
      />
      {hover && <div class="tip">{hover.name}</div>}
    </div>
  );
}
