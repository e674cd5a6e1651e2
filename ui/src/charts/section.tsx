/** The charts of a board that belong together; of thousands only those near to sight exist. */

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";
import { useInView } from "./in-view";
import type { ChartSettings } from "./settings";

/** Full rows of 1 to 6 charts. */
const PART = 60;
const GAP = 12;
/** The least width of a card and its height, as in charts.css. */
const CARD = { s: [250, 186], m: [360, 246], l: [620, 356] } as const;

type Size = ChartSettings["size"];

interface Props {
  name: string;
  keys: readonly string[];
  size: Size;
  card: (key: string) => ComponentChildren;
}

export function Section({ name, keys, size, card }: Props) {
  const parts = Array.from({ length: Math.ceil(keys.length / PART) }, (_, i) =>
    keys.slice(i * PART, (i + 1) * PART),
  );
  return (
    <details class="section" open>
      <summary>
        {name || "Metrics"} <span class="muted">{keys.length}</span>
      </summary>
      {parts.map((part) => (
        <Part key={part[0]} keys={part} size={size} card={card} />
      ))}
    </details>
  );
}

function Part({ keys, size, card }: Omit<Props, "name">) {
  const { ref, seen } = useInView<HTMLDivElement>(800);
  const [height, setHeight] = useState(0);
  useLayoutEffect(() => {
    if (ref.current) setHeight(heightOf(keys.length, ref.current.clientWidth, size));
  }, [keys.length, size]);
  return (
    <div ref={ref} class={`cards ${size}`} style={seen ? {} : { minHeight: `${height}px` }}>
      {seen && keys.map(card)}
    </div>
  );
}

/** What so many cards take up in a place of that width. */
function heightOf(count: number, width: number, size: Size): number {
  const [least, tall] = CARD[size];
  const columns = Math.max(1, Math.floor((width + GAP) / (least + GAP)));
  return Math.ceil(count / columns) * (tall + GAP) - GAP;
}
