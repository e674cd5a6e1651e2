/** Runs grouped by params or tags, with mean and spread of the metrics on show. */

import { useMemo, useState } from "preact/hooks";
import { groups } from "../api/overview";
import type { ColumnMessage, GroupReply, KeysReply } from "../api/schema";
import { count, number } from "../format";
import { Empty, Failure, Loading, SearchField } from "../parts/basics";
import { Popover } from "../parts/dialog";
import { useAsync } from "../state/async";
import { useLive } from "../state/live";
import { setQuery } from "../state/router";
import { columnLabel } from "./cells";
import { asColumn, columnId, keyTest, parseColumn, searchName } from "./columns";
import { useRefusal } from "./refusal";
import type { ViewState } from "./state";

const MOST_METRICS = 8;
const MOST_SHOWN = 400;

export function GroupChooser({ keys, chosen }: { keys: KeysReply; chosen: string[] }) {
  const tags = keys.tags.filter((key) => !key.startsWith("mlflow.")).map((k) => columnId("tag", k));
  const ids = [...keys.params.map((key) => columnId("param", key)), ...tags];
  return (
    <Popover label="Group" icon="group" wide badge={chosen.length ? `${chosen.length}` : undefined}>
      {() => <GroupList ids={ids} chosen={chosen} />}
    </Popover>
  );
}

function GroupList({ ids, chosen }: { ids: string[]; chosen: string[] }) {
  const [text, setText] = useState("");
  const shown = useMemo(() => {
    const test = keyTest(text);
    return ids.filter((id) => test(columnLabel(id)));
  }, [ids, text]);
  const toggle = (id: string) =>
    setQuery({ group: chosen.includes(id) ? chosen.filter((c) => c !== id) : [...chosen, id] });
  if (ids.length === 0) return <div class="panel-title">No params or tags to group by</div>;
  return (
    <>
      <div class="panel-head">
        <SearchField value={text} placeholder="Search params and tags" onInput={setText} />
      </div>
      <div class="panel-list">
        {shown.length === 0 && <div class="panel-title">Nothing matches</div>}
        {shown.slice(0, MOST_SHOWN).map((id) => (
          <label key={id} class="option">
            <input
              type="checkbox"
              checked={chosen.includes(id)}
              disabled={!chosen.includes(id) && chosen.length >= 4}
              onChange={() => toggle(id)}
            />
            <span class="ellipsis grow">{columnLabel(id)}</span>
            <span class="muted">{parseColumn(id)?.kind}</span>
          </label>
        ))}
      </div>
    </>
  );
}

interface Grouped {
  id: string;
  found: Map<string, GroupReply>;
}

interface TableProps {
  experiments: string[];
  view: ViewState;
  onFilterError: (message: string) => void;
}

export function GroupTable({ experiments, view, onFilterError }: TableProps) {
  const metrics = view.columns.filter((id) => id.startsWith("metric:")).slice(0, MOST_METRICS);
  const shape = JSON.stringify([experiments, view.filter, view.groups, metrics]);
  const { data, error, reload } = useAsync(
    async (signal) => {
      const by = view.groups.flatMap((id) => asColumn(id) ?? []) as ColumnMessage[];
      const query = { experiment_ids: experiments, by, filter: view.filter };
      const [all, ...each] = await Promise.all([
        groups(query, signal),
        ...metrics.map((id) => groups({ ...query, metric: asColumn(id) ?? null }, signal)),
      ]);
      const columns: Grouped[] = metrics.map((id, i) => ({
        id,
        found: new Map((each[i] ?? []).map((g) => [JSON.stringify(g.values), g])),
      }));
      return { all: all ?? [], columns };
    },
    [shape],
  );
  useLive(`run:${experiments[0]}:`, reload, 2000);
  const best = useMemo(() => spread(data?.columns ?? []), [data]);
  if (useRefusal(error, onFilterError)) return null;
  if (error !== undefined && !data) return <Failure error={error} retry={reload} />;
  if (!data) return <Loading />;
  if (data.all.length === 0) {
    return (
      <Empty title="No runs to group" icon="group">
        <p>Runs that pass the filter and are not in the trash are grouped.</p>
      </Empty>
    );
  }
  return (
    <div class="scroll">
      <table class="list dense">
        <thead>
          <tr>
            {view.groups.map((id) => (
              <th key={id}>{columnLabel(id)}</th>
            ))}
            <th class="end">Runs</th>
            {metrics.map((id) => (
              <th key={id} class="end">
                {columnLabel(id)} {parseColumn(id)?.field !== "last" && parseColumn(id)?.field}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {data.all.map((group) => (
            <tr key={JSON.stringify(group.values)} class="list-row">
              {group.values.map((value, i) => (
                <td key={view.groups[i]}>
                  <button
                    type="button"
                    class="link-button"
                    title="Show these runs"
                    onClick={() => drill(view, group.values)}
                  >
                    {value ?? "not set"}
                  </button>
                </td>
              ))}
              <td class="end num">{count(group.runs)}</td>
              {data.columns.map(({ id, found }) => (
                <MeanCell
                  key={id}
                  group={found.get(JSON.stringify(group.values))}
                  range={best.get(id)}
                />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function drill(view: ViewState, values: (string | null)[]): void {
  const parts = values.map((value, i) => {
    const name = searchName(view.groups[i] ?? "");
    return value === null ? `${name} IS NULL` : `${name} = '${value.replaceAll("'", "''")}'`;
  });
  const filter = [...(view.filter ? [`(${view.filter})`] : []), ...parts].join(" AND ");
  setQuery({ group: undefined, q: filter });
}

/** The least and greatest value of each metric over all groups, to draw ranges to one scale. */
function spread(columns: Grouped[]): Map<string, [number, number]> {
  return new Map(
    columns.map(({ id, found }) => {
      const all = [...found.values()];
      const low = Math.min(...all.map((g) => g.min ?? Number.POSITIVE_INFINITY));
      const high = Math.max(...all.map((g) => g.max ?? Number.NEGATIVE_INFINITY));
      return [id, [low, high]];
    }),
  );
}

function MeanCell({
  group,
  range,
}: {
  group: GroupReply | undefined;
  range?: [number, number] | undefined;
}) {
  if (!group || group.mean === null || !range) return <td class="end none">–</td>;
  const place = (value: number | null) =>
    range[1] > range[0] ? (((value ?? 0) - range[0]) / (range[1] - range[0])) * 100 : 0;
  const title = `mean ${group.mean}, standard deviation ${group.deviation}, ${group.min} to ${group.max}`;
  return (
    <td class="end num" title={title}>
      {number(group.mean, 4)} <span class="muted">± {number(group.deviation, 2)}</span>
      <svg class="range" width="64" height="4" aria-hidden="true">
        <rect
          x={place(group.min) * 0.64}
          width={Math.max(1, (place(group.max) - place(group.min)) * 0.64)}
          height="4"
          rx="2"
        />
        <circle cx={place(group.mean) * 0.64} cy="2" r="2" />
      </svg>
    </td>
  );
}
