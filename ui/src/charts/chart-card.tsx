/** One metric's card on a board: loads when it comes into sight, exports, fills the screen. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Button } from "../parts/basics";
import { Dialog, Menu } from "../parts/dialog";
import { extent } from "./curves";
import { fileName, linesCsv, save } from "./export";
import { useInView } from "./in-view";
import { LineChart, type Shared } from "./line-chart";
import { type BoardRun, linesOf, xKindOf } from "./lines";
import { paintChart, plotOf } from "./paint";
import { palette } from "./palette";
import type { ChartSettings } from "./settings";
import type { CurveStore } from "./store";
import { SvgSurface } from "./surface";

interface Props {
  name: string;
  runs: BoardRun[];
  store: CurveStore;
  settings: ChartSettings;
  shared: Shared;
  onDropOn?: (moved: string, target: string) => void;
}

export function ChartCard({ name, runs, store, settings, shared, onDropOn }: Props) {
  const { ref, seen } = useInView<HTMLElement>(150);
  const [full, setFull] = useState(false);
  const [turn, setTurn] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!seen && !full) return;
    return store.watch(name, () => setTurn((n) => n + 1));
  }, [seen, full, store, name]);
  const found = store.of(name);
  const lines = useMemo(
    () => (found ? linesOf(name, found, runs, settings) : []),
    [found, turn, runs, settings],
  );
  const xKind = xKindOf(settings);
  const finite = useMemo(() => lines.some((line) => line.ys.some(Number.isFinite)), [lines]);
  const png = () => {
    const canvas = box.current?.querySelector("canvas");
    canvas?.toBlob((blob) => blob && save(fileName(name, "png"), blob));
  };
  const svg = () => {
    const size = { width: 960, height: 540 };
    const colors = palette();
    const surface = new SvgSurface(size.width, size.height, colors.font, colors.background);
    const range = extent(lines, shared.zoom.peek(), xKind === "log", settings.logY);
    const plot = plotOf(size, range, xKind, settings.logY ? "log" : "number");
    paintChart(surface, plot, lines, colors);
    save(fileName(name, "svg"), new Blob([surface.toString()], { type: "image/svg+xml" }));
  };
  const chart = (
    <LineChart
      title={name}
      lines={lines}
      xKind={xKind}
      xLabel="step"
      logY={settings.logY}
      shared={shared}
    />
  );
  return (
    <article
      ref={ref}
      class="chart-card"
      aria-label={name}
      onDragOver={(event) => onDropOn && event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        onDropOn?.(event.dataTransfer?.getData("text/plain") ?? "", name);
      }}
    >
      <header
        draggable={onDropOn !== undefined}
        onDragStart={(event) => event.dataTransfer?.setData("text/plain", name)}
      >
        <h2 class="ellipsis grow" title={name}>
          {name}
        </h2>
        <Button
          label={`Full screen: ${name}`}
          icon="expand"
          kind="quiet"
          iconOnly
          onClick={() => setFull(true)}
        />
        <Menu
          label={`Actions for ${name}`}
          items={[
            { label: "Save as PNG", icon: "download", run: png },
            { label: "Save as SVG", icon: "download", run: svg },
            {
              label: "Save as CSV",
              icon: "download",
              run: () => save(fileName(name, "csv"), linesCsv(lines, settings.x, name)),
            },
          ]}
        />
      </header>
      <div class={`chart-box ${settings.size}`} ref={box}>
        {seen && found && finite && chart}
        {seen && found && !finite && (
          <div class="chart-note">
            {lines.length > 0 ? "Only NaN and infinite values" : "Not logged by these runs"}
          </div>
        )}
        {seen && !found && <div class="chart-note">Loading…</div>}
      </div>
      {full && (
        <Dialog title={name} wide onClose={() => setFull(false)}>
          <div class="chart-full">{chart}</div>
        </Dialog>
      )}
    </article>
  );
}
