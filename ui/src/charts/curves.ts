/** Curves as charts need them: smoothed, grouped, with their best point. No drawing in here. */

export interface Points {
  xs: Float64Array;
  ys: Float64Array;
}

/** One line of a chart. */
export interface Line extends Points {
  id: string;
  label: string;
  color: string;
  /** The unsmoothed values, drawn faintly behind. */
  raw?: Float64Array | undefined;
  low?: Float64Array | undefined;
  high?: Float64Array | undefined;
  best?: { x: number; y: number } | undefined;
}

export type Band = "none" | "std" | "range";

/** Exponential moving average without the pull towards zero at the start; NaN stays a gap. */
export function smoothed(values: Float64Array, weight: number): Float64Array {
  if (weight <= 0) return values;
  const result = new Float64Array(values.length);
  let last = 0;
  let seen = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (!Number.isFinite(value)) {
      result[i] = value;
      continue;
    }
    last = last * weight + (1 - weight) * value;
    seen++;
    result[i] = last / (1 - weight ** seen);
  }
  return result;
}

const MOST_EXACT = 2000;
const GRID = 500;

/** Where to compare curves: at every x that occurs if these are few, else on an even grid. */
function gridOf(curves: Points[]): Float64Array {
  const all = new Set<number>();
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const { xs } of curves) {
    for (const x of xs) if (all.size <= MOST_EXACT) all.add(x);
    if (xs.length > 0) {
      low = Math.min(low, xs[0] as number);
      high = Math.max(high, xs.at(-1) as number);
    }
  }
  if (all.size <= MOST_EXACT) return Float64Array.from(all).sort();
  return Float64Array.from({ length: GRID }, (_, i) => low + ((high - low) * i) / (GRID - 1));
}

export interface Grouped {
  xs: Float64Array;
  mean: Float64Array;
  low: Float64Array;
  high: Float64Array;
}

/** Mean over the curves that reach each x, with mean ± standard deviation or least to greatest. */
export function grouped(curves: Points[], band: Band): Grouped {
  const xs = gridOf(curves);
  const size = xs.length;
  const sum = new Float64Array(size);
  const squares = new Float64Array(size);
  const count = new Float64Array(size);
  const low = new Float64Array(size).fill(Number.POSITIVE_INFINITY);
  const high = new Float64Array(size).fill(Number.NEGATIVE_INFINITY);
  for (const curve of curves) {
    eachAt(curve, xs, (i, y) => {
      // Welford's update: no cancellation where the spread is small beside the mean.
      const n = (count[i] as number) + 1;
      count[i] = n;
      const delta = y - (sum[i] as number);
      sum[i] = (sum[i] as number) + delta / n;
      squares[i] = (squares[i] as number) + delta * (y - (sum[i] as number));
      if (y < (low[i] as number)) low[i] = y;
      if (y > (high[i] as number)) high[i] = y;
    });
  }
  for (let i = 0; i < size; i++) {
    if (count[i] === 0) sum[i] = low[i] = high[i] = Number.NaN;
    else if (band === "std") {
      const deviation = Math.sqrt((squares[i] as number) / (count[i] as number));
      low[i] = (sum[i] as number) - deviation;
      high[i] = (sum[i] as number) + deviation;
    }
  }
  return { xs, mean: sum, low, high };
}

/** The curve's value at each of the sorted `grid` that it reaches, between points in proportion. */
function eachAt(curve: Points, grid: Float64Array, use: (i: number, y: number) => void): void {
  const { xs, ys } = curve;
  let j = 0;
  for (let i = 0; i < grid.length; i++) {
    const x = grid[i] as number;
    while (j < xs.length - 1 && (xs[j + 1] as number) <= x) j++;
    const x0 = xs[j] as number;
    if (xs.length === 0 || x < x0) continue;
    const y0 = ys[j] as number;
    if (x === x0) {
      if (Number.isFinite(y0)) use(i, y0);
      continue;
    }
    if (j === xs.length - 1) return;
    const y = y0 + (((ys[j + 1] as number) - y0) * (x - x0)) / ((xs[j + 1] as number) - x0);
    if (Number.isFinite(y)) use(i, y);
  }
}

/** Whether less is better, told from the name of a metric. */
export function lessIsBetter(key: string): boolean {
  return /loss|error|rmse|mae|mse|perplexity|latency|divergence/i.test(key);
}

export function bestPoint(points: Points, less: boolean): { x: number; y: number } | undefined {
  let best: { x: number; y: number } | undefined;
  for (let i = 0; i < points.ys.length; i++) {
    const y = points.ys[i] as number;
    if (!Number.isFinite(y)) continue;
    if (!best || (less ? y < best.y : y > best.y)) best = { x: points.xs[i] as number, y };
  }
  return best;
}

export interface Extent {
  x: [number, number];
  y: [number, number];
}

/** The range of finite values within `zoom`; of positive ones only where an axis is logarithmic. */
export function extent(
  lines: Line[],
  zoom: [number, number] | null,
  positiveX: boolean,
  positiveY: boolean,
): Extent {
  const x: [number, number] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const y: [number, number] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const add = (value: number) => {
    if (!Number.isFinite(value) || (positiveY && value <= 0)) return;
    if (value < y[0]) y[0] = value;
    if (value > y[1]) y[1] = value;
  };
  for (const line of lines) {
    const { xs, ys, low, high } = line;
    for (let i = 0; i < xs.length; i++) {
      const at = xs[i] as number;
      if (zoom && (at < zoom[0] || at > zoom[1])) continue;
      if (positiveX && at <= 0) continue;
      if (at < x[0]) x[0] = at;
      if (at > x[1]) x[1] = at;
      add(ys[i] as number);
      if (low && high) {
        add(low[i] as number);
        add(high[i] as number);
      }
    }
  }
  return { x: zoom ?? x, y };
}
