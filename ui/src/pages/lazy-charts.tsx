/** The charts with their library, loaded when someone looks at charts. */

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ChartsProps } from "../charts/board";
import { Failure, Loading } from "../parts/basics";

let loaded: ComponentType<ChartsProps> | undefined;

/** Begins to load them, for a page that will need them as soon as it has its data. */
export function preloadCharts(): Promise<unknown> {
  return import("../charts/board");
}

export function LazyCharts(props: ChartsProps) {
  const [, setReady] = useState(loaded !== undefined);
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    if (loaded) return;
    import("../charts/board").then((module) => {
      loaded = module.ChartBoard;
      setReady(true);
    }, setError);
  }, []);
  if (error) return <Failure error={error} />;
  if (!loaded) return <Loading />;
  const Board = loaded;
  return <Board {...props} />;
}
