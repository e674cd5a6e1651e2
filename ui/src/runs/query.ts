/** What a view asks of the server. */

import type { ColumnMessage } from "../api/schema";
import { VIEW } from "../api/tracking";
import { asColumn, orderBy } from "./columns";
import type { RunQuery } from "./source";
import type { ViewState } from "./state";
import { onlyRoots } from "./tree";

export function queryOf(experiments: string[], view: ViewState): RunQuery {
  const columns = new Map<string, ColumnMessage>();
  for (const id of view.columns) {
    const column = asColumn(id);
    if (column) columns.set(id, column);
  }
  return {
    experiments,
    filter: view.nested ? onlyRoots(view.filter) : view.filter,
    order: orderBy(view.sort),
    view: view.deleted ? VIEW.deleted : VIEW.active,
    columns,
  };
}
