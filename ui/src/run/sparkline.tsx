/** Histories as small lines, all of a table's in one request. */

import type { ComponentChildren } from "preact";
import { type Curve, curves } from "../api/overview";
import { useAsync } from "../state/async";
import { useLive } from "../state/live";

const WIDTH = 120;
const HEIGHT = 22;
const POINTS = 60;
/** As many as one request may name; below that the numbers have to do. */
const MOST = 2000;

interface Props {
  run: string;
  keys: string[];
  children: (sparkline: (key: string) => ComponentChildren) => ComponentChildren;
}

export function Sparklines({ run, keys, children }: Props) {
  const { data, reload } = useAsync(
    async (signal) => {
      const drawn = keys.slice(0, MOST);
      const found = await curves({ run_ids: [run], keys: drawn, points: POINTS }, signal);
      return new Map(found.map((curve) => [curve.key, curve]));
    },
    [run, keys.join("\n")],
  );
  useLive("run:", (topics) => {
    if (!topics || topics.some((topic) => topic.endsWith(run))) reload();
  });
  return (
    <>
      {children((key) => (
        <Sparkline curve={data?.get(key)} />
      ))}
    </>
  );
}

function Sparkline({ curve }: { curve: Curve | undefined }) {
  if (!curve || curve.values.length < 2) return <span class="none">–</span>;
  return (
    <svg class="sparkline" width={WIDTH} height={HEIGHT} aria-hidden="true">
      <path d={path(curve)} />
    </svg>
  );
}

export function path({ steps, values }: Pick<Curve, "steps" | "values">): string {
  const finite = [...values].filter((v) => Number.isFinite(v));
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const first = steps[0] ?? 0;
  const span = (steps.at(-1) ?? 0) - first || 1;
  let text = "";
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (!Number.isFinite(value)) continue;
    const x = 1 + (((steps[i] as number) - first) / span) * (WIDTH - 2);
    const y = high > low ? HEIGHT - 2 - ((value - low) / (high - low)) * (HEIGHT - 4) : HEIGHT / 2;
    text += `${text ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
  }
  return text;
}
