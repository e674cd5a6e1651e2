/** Curves of the runs of a board: asked for as charts come into sight, many keys in one request,
 * and continued from their last step while runs go on. */

import { type Curve, curves } from "../api/overview";

const WAIT = 10;
/** Curves of one request: a few charts at a time, so that the first ones are there soon. */
const CURVES = 200;

export class CurveStore {
  private kept = new Map<string, Map<string, Curve>>();
  private wanted = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly controller = new AbortController();
  private listeners = new Map<string, () => void>();
  error: unknown;

  constructor(
    readonly runs: string[],
    private readonly times: boolean,
    private readonly points: number,
    private readonly evenly: boolean,
  ) {}

  /** Calls back when the curves of `key` come or change; fetches them if they are not there. */
  watch(key: string, changed: () => void): () => void {
    this.listeners.set(key, changed);
    if (!this.kept.has(key)) {
      this.wanted.add(key);
      this.timer ??= setTimeout(() => void this.fetch(), WAIT);
    }
    return () => {
      if (this.listeners.get(key) === changed) this.listeners.delete(key);
    };
  }

  of(key: string): Map<string, Curve> | undefined {
    return this.kept.get(key);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.controller.abort();
  }

  private async fetch(): Promise<void> {
    this.timer = undefined;
    const keys = [...this.wanted];
    this.wanted.clear();
    if (this.runs.length === 0) return this.put(keys, []);
    const most = Math.max(1, Math.floor(CURVES / this.runs.length));
    for (let start = 0; start < keys.length; start += most) {
      const part = keys.slice(start, start + most);
      const query = { ...this.query(), run_ids: this.runs, keys: part };
      try {
        await curves(query, this.controller.signal, (found) => this.put(part, found));
      } catch (error) {
        if (this.controller.signal.aborted) return;
        this.error = error;
        this.put(part, []);
      }
    }
  }

  private query() {
    return { points: this.points, times: this.times, evenly: this.evenly };
  }

  private put(keys: string[], found: Curve[]): void {
    for (const key of keys) this.kept.set(key, new Map());
    for (const curve of found) this.kept.get(curve.key)?.set(curve.run, curve);
    for (const key of keys) this.listeners.get(key)?.();
  }

  /** Fetches what runs logged since, for the charts in sight, and appends it. */
  async advance(changed: string[]): Promise<void> {
    const mine = changed.filter((id) => this.runs.includes(id)).slice(0, 100);
    const keys = [...this.listeners.keys()].filter((key) => this.kept.has(key));
    if (mine.length === 0 || keys.length === 0) return;
    let from = Number.POSITIVE_INFINITY;
    for (const key of keys) {
      for (const id of mine) {
        from = Math.min(
          from,
          this.kept.get(key)?.get(id)?.steps.at(-1) ?? Number.NEGATIVE_INFINITY,
        );
      }
    }
    const query = { ...this.query(), run_ids: mine, keys };
    const part = Number.isFinite(from) ? { ...query, min_step: from } : query;
    for (const curve of await curves(part, this.controller.signal)) {
      const known = this.kept.get(curve.key);
      const old = known?.get(curve.run);
      known?.set(curve.run, old ? continued(old, curve) : curve);
    }
    for (const key of keys) this.kept.set(key, new Map(this.kept.get(key)));
    for (const key of keys) this.listeners.get(key)?.();
  }
}

/** `old` with the points of `more` that lie beyond its last step. */
export function continued(old: Curve, more: Curve): Curve {
  const last = old.steps.at(-1) ?? Number.NEGATIVE_INFINITY;
  const start = more.steps.findIndex((step) => step > last);
  if (start < 0) return old;
  return {
    ...more,
    steps: joined(old.steps, more.steps, start),
    values: joined(old.values, more.values, start),
    times: old.times && more.times ? joined(old.times, more.times, start) : null,
  };
}

function joined(a: Float64Array, b: Float64Array, start: number): Float64Array {
  const result = new Float64Array(a.length + b.length - start);
  result.set(a);
  result.set(b.subarray(start), a.length);
  return result;
}
