/** One metric of many runs as bars, the longest first. */

import { number } from "../format";
import { columnLabel } from "../runs/cells";
import { asNumber } from "./axis";
import { Canvas, useSize } from "./canvas";
import type { ComparisonProps, Sample } from "./sample";

const ROW = 22;
const NAMES = 190;

export function BarChart({ columns, samples, onOpen }: ComparisonProps) {
  const { ref, size } = useSize<HTMLDivElement>();
  const known = samples
    .filter((s) => Number.isFinite(asNumber(s.values[0])))
    .sort((a, b) => asNumber(b.values[0]) - asNumber(a.values[0]));
  const height = Math.max(ROW, known.length * ROW);
  const values = known.map((s) => asNumber(s.values[0]));
  const low = Math.min(0, ...values);
  const span = Math.max(0, ...values) - low || 1;
  const room = Math.max(40, size.width - NAMES - 80);
  const x = (value: number) => NAMES + ((value - low) / span) * room;
  const open = (event: MouseEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const sample: Sample | undefined = known[Math.floor((event.clientY - box.top) / ROW)];
    if (sample) onOpen(sample);
  };
  return (
    <div class="bar-scroll" ref={ref}>
      <div class="bar-area" role="presentation" style={{ height: `${height}px` }} onClick={open}>
        <Canvas
          label={`${columnLabel(columns[0] ?? "")} of ${known.length} runs as bars`}
          size={{ width: size.width, height: Math.min(height, 16_000) }}
          deps={[samples, columns[0]]}
          draw={({ surface, palette }) => {
            known.forEach((s, i) => {
              const y = i * ROW;
              const value = values[i] as number;
              const [from, to] = [x(Math.min(0, value)), x(Math.max(0, value))];
              const name = s.name.length > 28 ? `${s.name.slice(0, 27)}…` : s.name;
              surface.text(NAMES - 10, y + ROW / 2, name, { color: palette.text, align: "right" });
              surface.rect(from, y + 4, Math.max(1, to - from), ROW - 8, s.color, 0.85);
              surface.text(to + 6, y + ROW / 2, number(value), { color: palette.text });
            });
          }}
        />
      </div>
    </div>
  );
}
