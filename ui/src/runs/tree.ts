/** Nested runs: which children are open below which rows, and what stands at a place then. */

import { table } from "../api/overview";
import { type RunQuery, type RunSource, rowsOf, type TableRow } from "./source";

const PARENT = "tags.`mlflow.parentRunId`";

/** The filter for the runs at the top of the tree. */
export function onlyRoots(filter: string): string {
  return filter ? `(${filter}) AND ${PARENT} IS NULL` : `${PARENT} IS NULL`;
}

export class RunTree {
  version = 0;
  private open = new Map<string, TableRow[]>();

  constructor(private readonly changed: () => void) {}

  isOpen(id: string): boolean {
    return this.open.has(id);
  }

  async toggle(row: TableRow, query: RunQuery): Promise<void> {
    const id = row.run.run_id;
    if (!this.open.delete(id)) {
      const reply = await table({
        experiment_ids: query.experiments,
        filter: `${PARENT} = '${id}'`,
        run_view_type: query.view,
        columns: [...query.columns.values()],
        limit: 1000,
      });
      this.open.set(id, rowsOf(reply, query.columns, row.depth + 1));
    }
    this.version++;
    this.changed();
  }

  /** Rows below `id`, open ones of theirs included. */
  private below(id: string): TableRow[] {
    return (this.open.get(id) ?? []).flatMap((row) => [row, ...this.below(row.run.run_id)]);
  }

  /** The places of open top rows among the loaded ones, with what hangs below them. */
  private openRoots(source: RunSource): [number, TableRow[]][] {
    if (this.open.size === 0) return [];
    const found: [number, TableRow[]][] = [];
    for (let i = 0; i < source.total; i++) {
      const row = source.row(i);
      if (row && this.open.has(row.run.run_id)) found.push([i, this.below(row.run.run_id)]);
    }
    return found;
  }

  /** A view of `source` with the open rows put in. */
  arrange(source: RunSource): { count: number; rowAt: (index: number) => TableRow | undefined } {
    const roots = this.openRoots(source);
    const extra = roots.reduce((sum, [, rows]) => sum + rows.length, 0);
    const rowAt = (index: number) => {
      let place = index;
      for (const [root, rows] of roots) {
        if (place <= root) break;
        if (place <= root + rows.length) return rows[place - root - 1];
        place -= rows.length;
      }
      return source.row(place);
    };
    return { count: Math.max(0, source.total) + extra, rowAt };
  }
}
