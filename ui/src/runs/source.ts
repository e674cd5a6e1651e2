/** Rows of the runs table, fetched as they come into sight and kept up to date. */

import { table } from "../api/overview";
import type { ColumnMessage, RunRow, TableReply, ViewType } from "../api/schema";
import { VIEW } from "../api/tracking";

export interface TableRow {
  run: RunRow;
  /** Values by column id. */
  cells: Record<string, unknown>;
  depth: number;
}

export interface RunQuery {
  experiments: string[];
  filter: string;
  order: string[];
  view: ViewType;
  columns: Map<string, ColumnMessage>;
}

const PAGE = 100;
/** Columns are fetched in blocks as well, so that a thousand of them cost what is in sight. */
const BLOCK = 40;

export class RunSource {
  total = -1;
  error: unknown;
  version = 0;
  private pages = new Map<number, TableRow[]>();
  private asked = new Map<string, AbortController | null>();
  private blocks: number[] = [0];
  private readonly places: Map<string, number>;
  private stopped = false;

  constructor(
    readonly query: RunQuery,
    private readonly changed: () => void,
  ) {
    this.places = new Map([...query.columns.keys()].map((id, i) => [id, i]));
  }

  start(): void {
    void this.fetch(0, 0);
  }

  stop(): void {
    this.stopped = true;
    for (const controller of this.asked.values()) controller?.abort();
  }

  row(index: number): TableRow | undefined {
    return this.pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  loaded(): TableRow[] {
    return [...this.pages.values()].flat();
  }

  /** Sees to it that rows `first` to `last` get their values of the columns in sight. */
  ensure(first: number, last: number, columns: string[]): void {
    const places = columns.flatMap((id) => this.places.get(id) ?? []);
    this.blocks = [...new Set([0, ...places.map((place) => Math.floor(place / BLOCK))])];
    const low = Math.floor(Math.max(0, first) / PAGE);
    const high = Math.floor(Math.max(0, last - 1) / PAGE);
    for (const [name, controller] of this.asked) {
      const page = Number.parseInt(name, 10);
      if (controller && page !== 0 && (page < low - 1 || page > high + 1)) controller.abort();
    }
    for (let page = low; page <= high; page++) {
      for (const block of this.blocks) {
        if (!this.asked.has(`${page}/${block}`)) void this.fetch(page, block);
      }
    }
  }

  /** What changed on the server: rows on show are read again; unknown runs move everything. */
  async refresh(runs: string[] | null): Promise<void> {
    const shown = new Set(this.loaded().map((row) => row.run.run_id));
    if (!runs?.every((id) => shown.has(id))) return this.again();
    const columns = new Map(this.blocks.flatMap((block) => this.columnsOf(block)));
    const reply = await table({
      ...this.body(columns.values()),
      limit: 0,
      run_ids: runs,
    });
    const rows = rowsOf(reply, columns);
    const deleted = this.query.view === VIEW.deleted;
    const moved = rows.length < runs.length || rows.some((row) => row.run.deleted !== deleted);
    if (moved) return this.again();
    const fresh = new Map(rows.map((row) => [row.run.run_id, row]));
    for (const [page, rows] of this.pages) {
      this.pages.set(
        page,
        rows.map((row) => merged(row, fresh.get(row.run.run_id))),
      );
    }
    this.tell();
  }

  /** Reads the pages looked at last once more, and forgets the others. */
  private async again(): Promise<void> {
    const pages = [...this.pages.keys()].slice(-4);
    if (!pages.includes(0)) pages.push(0);
    for (const name of [...this.asked.keys()]) {
      if (this.asked.get(name) === null) this.asked.delete(name);
    }
    for (const page of [...this.pages.keys()]) if (!pages.includes(page)) this.pages.delete(page);
    await Promise.all(pages.flatMap((page) => this.blocks.map((b) => this.fetch(page, b))));
  }

  private columnsOf(block: number): [string, ColumnMessage][] {
    return [...this.query.columns].slice(block * BLOCK, (block + 1) * BLOCK);
  }

  private body(columns: Iterable<ColumnMessage>) {
    return {
      experiment_ids: this.query.experiments,
      filter: this.query.filter,
      order_by: this.query.order,
      run_view_type: this.query.view,
      columns: [...columns],
    };
  }

  private async fetch(page: number, block: number): Promise<void> {
    const name = `${page}/${block}`;
    const controller = new AbortController();
    this.asked.set(name, controller);
    const columns = new Map(this.columnsOf(block));
    const counted = page === 0 && block === 0;
    const part = { limit: PAGE, offset: page * PAGE, counted };
    try {
      const reply = await table({ ...this.body(columns.values()), ...part }, controller.signal);
      if (this.stopped) return;
      this.put(page, rowsOf(reply, columns));
      if (typeof reply.total === "number") this.total = reply.total;
      this.error = undefined;
      this.asked.set(name, null);
    } catch (error) {
      if (this.asked.get(name) === controller) this.asked.delete(name);
      if (controller.signal.aborted) return;
      this.asked.set(name, null);
      this.error = error;
    }
    this.tell();
  }

  private put(page: number, rows: TableRow[]): void {
    const old = new Map((this.pages.get(page) ?? []).map((row) => [row.run.run_id, row]));
    const same = rows.map((row) => {
      const known = old.get(row.run.run_id);
      return known ? merged(known, row) : row;
    });
    this.pages.set(page, same);
  }

  private tell(): void {
    this.version++;
    if (!this.stopped) this.changed();
  }
}

function merged(old: TableRow, fresh: TableRow | undefined): TableRow {
  return fresh ? { ...fresh, cells: { ...old.cells, ...fresh.cells } } : old;
}

export function rowsOf(
  reply: TableReply,
  columns: Map<string, ColumnMessage>,
  depth = 0,
): TableRow[] {
  const ids = [...columns.keys()];
  return reply.rows.map((run, i) => ({
    run,
    depth,
    cells: Object.fromEntries(ids.map((id, j) => [id, reply.cells[j]?.[i]])),
  }));
}
