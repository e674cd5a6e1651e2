/** A line chart of one metric: hover names the run, dragging zooms all charts, double click back. */

import type { Signal } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { clock, duration, number } from "../format";
import { Canvas, prepare, useSize } from "./canvas";
import { extent, type Line } from "./curves";
import { nearest, nearestIndex, type Plot, paintChart, paintLine, plotOf } from "./paint";
import type { AxisKind } from "./scale";

/** What the charts of a board share. */
export interface Shared {
  /** The range of x on show, if zoomed. */
  zoom: Signal<[number, number] | null>;
  /** Where the pointer is in any of the charts, and at which line. */
  hover: Signal<{ x: number; id: string } | null>;
}

interface Props {
  title: string;
  lines: Line[];
  xKind: AxisKind;
  xLabel: string;
  logY: boolean;
  shared: Shared;
}

export function xText(kind: AxisKind, label: string, x: number): string {
  if (kind === "time") return clock(x);
  if (kind === "duration") return duration(x);
  return `${label} ${number(x)}`;
}

export function LineChart({ title, lines, xKind, xLabel, logY, shared }: Props) {
  const { ref, size } = useSize<HTMLDivElement>();
  const overlay = useRef<HTMLCanvasElement | null>(null);
  const [drag, setDrag] = useState<[number, number] | null>(null);
  const zoom = shared.zoom.value;
  const plot = useMemo(() => {
    const range = extent(lines, zoom, xKind === "log", logY);
    return plotOf(size, range, xKind, logY ? "log" : "number");
  }, [lines, zoom, size, xKind, logY]);
  const hover = shared.hover.value;
  const at = hover ? found(plot, lines, hover) : undefined;

  useEffect(() => {
    if (!overlay.current || size.width === 0) return;
    const drawing = prepare(overlay.current, size);
    if (!drawing) return;
    const { surface, palette } = drawing;
    if (drag) {
      const [from, to] = [Math.min(...drag), Math.max(...drag)];
      surface.rect(from, plot.top, to - from, plot.height, palette.accent, 0.14);
    }
    if (!hover) return;
    const x = plot.x.toPixel(hover.x);
    if (x >= plot.left && x <= plot.left + plot.width) {
      const points = Float32Array.of(x, plot.top, x, plot.top + plot.height);
      surface.polyline(points, { color: palette.strong, dash: [3, 3] });
    }
    if (!at) return;
    surface.clip(plot.left, plot.top - 4, plot.width + 6, plot.height + 8, () => {
      paintLine(surface, plot, { ...at.line, raw: undefined }, { width: 2.6, alpha: 1 });
      surface.circle(at.px, at.py, 5, palette.background);
      surface.circle(at.px, at.py, 3.5, at.line.color);
    });
  }, [hover, drag, plot, size, lines]);

  const place = (event: PointerEvent): [number, number] => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const move = (event: PointerEvent) => {
    const [x, y] = place(event);
    if (drag) {
      setDrag([drag[0], x]);
      return;
    }
    const near = nearest(plot, lines, x, y);
    shared.hover.value = near
      ? { x: near.line.xs[near.index] as number, id: near.line.id }
      : { x: plot.x.toValue(x), id: "" };
  };
  const release = () => {
    if (drag && Math.abs(drag[1] - drag[0]) > 5) {
      const [a, b] = [plot.x.toValue(drag[0]), plot.x.toValue(drag[1])];
      shared.zoom.value = [Math.min(a, b), Math.max(a, b)];
    }
    setDrag(null);
  };
  return (
    <div
      ref={ref}
      class="chart-area"
      onPointerMove={move}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        setDrag([place(event)[0], place(event)[0]]);
      }}
      onPointerUp={release}
      onPointerLeave={() => {
        shared.hover.value = null;
      }}
      onDblClick={() => {
        shared.zoom.value = null;
      }}
    >
      <Canvas
        label={`${title} of ${lines.length} runs`}
        size={size}
        draw={({ surface, palette }) => paintChart(surface, plot, lines, palette)}
        deps={[plot, lines]}
      />
      <canvas
        class="overlay"
        ref={overlay}
        aria-hidden="true"
        style={{ width: `${size.width}px`, height: `${size.height}px` }}
      />
      {at && <Tip at={at} plot={plot} xKind={xKind} xLabel={xLabel} width={size.width} />}
    </div>
  );
}

interface Hit {
  line: Line;
  index: number;
  px: number;
  py: number;
}

function found(plot: Plot, lines: Line[], hover: { x: number; id: string }): Hit | undefined {
  const line = lines.find((l) => l.id === hover.id);
  if (!line) return undefined;
  const index = nearestIndex(line.xs, hover.x);
  const y = line.ys[index] as number;
  if (index < 0 || !Number.isFinite(y)) return undefined;
  return { line, index, px: plot.x.toPixel(line.xs[index] as number), py: plot.y.toPixel(y) };
}

interface TipProps {
  at: Hit;
  plot: Plot;
  xKind: AxisKind;
  xLabel: string;
  width: number;
}

function Tip({ at, plot, xKind, xLabel, width }: TipProps) {
  const { line, index } = at;
  const onLeft = at.px > width / 2;
  const top = Math.max(0, Math.min(at.py - 20, plot.top + plot.height - 46));
  const style = onLeft
    ? { right: `${width - at.px + 12}px`, top: `${top}px` }
    : { left: `${at.px + 12}px`, top: `${top}px` };
  const low = line.low?.[index];
  const high = line.high?.[index];
  return (
    <div class="tip" style={style}>
      <div class="tip-name">
        <i class="swatch" style={{ background: line.color }} />
        <b class="ellipsis">{line.label}</b>
      </div>
      <div class="num">
        {number(line.ys[index], 6)}
        {low !== undefined && high !== undefined && (
          <span class="muted">
            {" "}
            {number(low, 4)} … {number(high, 4)}
          </span>
        )}
        <span class="muted"> at {xText(xKind, xLabel, line.xs[index] as number)}</span>
      </div>
    </div>
  );
}
