/** What was deleted: restore it, or delete it forever. */

import { useState } from "preact/hooks";
import { type Collected, deleteForever } from "../api/operations";
import { table } from "../api/overview";
import type { RunRow } from "../api/schema";
import { forEach, restoreExperiment, restoreRun, searchExperiments } from "../api/tracking";
import type { Experiment } from "../api/types";
import { ago, bytes, clock, plural } from "../format";
import { Button, Empty, Failure, Loading, Segmented, Status } from "../parts/basics";
import { FormDialog } from "../parts/dialog";
import { Head } from "../parts/head";
import { useAsync } from "../state/async";
import { useLive } from "../state/live";
import { address, setQuery } from "../state/router";
import { attempt, done, failed } from "../state/toast";

type Kind = "runs" | "experiments";

const MOST = 1000;

interface Trash {
  experiments: Experiment[];
  runs: RunRow[];
  names: Map<string, string>;
}

async function load(signal: AbortSignal): Promise<Trash> {
  const all = await searchExperiments("ALL", signal);
  const reply = await table(
    {
      experiment_ids: all.map((e) => e.experiment_id),
      run_view_type: 2,
      limit: MOST,
    },
    signal,
  );
  return {
    experiments: all.filter((e) => e.lifecycle_stage === "deleted"),
    runs: reply.rows,
    names: new Map(all.map((e) => [e.experiment_id, e.name])),
  };
}

export function TrashPage() {
  const { data, error, reload } = useAsync(load, []);
  const kind = (address.value.query.get("kind") ?? "runs") as Kind;
  const [picked, setPicked] = useState(new Set<string>());
  const [confirming, setConfirming] = useState(false);
  useLive("", reload, 2000);
  const ids = kind === "runs" ? data?.runs.map((r) => r.run_id) : data?.experiments.map(idOf);
  const chosen = (ids ?? []).filter((id) => picked.has(id));
  const toggle = (id: string) => {
    const next = new Set(picked);
    if (!next.delete(id)) next.add(id);
    setPicked(next);
  };
  const all = chosen.length > 0 && chosen.length === ids?.length;
  const toggleAll = () => setPicked(new Set(all ? [] : ids));
  const what = plural(chosen.length, kind === "runs" ? "run" : "experiment");
  const restore = async () => {
    const action = kind === "runs" ? restoreRun : restoreExperiment;
    if (await attempt(`${what} restored`, () => forEach(chosen, action))) reload();
  };
  return (
    <>
      <Head title="Trash">
        {chosen.length > 0 && (
          <>
            <Button label={`Restore ${what}`} icon="restore" onClick={restore} />
            <Button
              label="Delete forever"
              icon="trash"
              kind="danger"
              onClick={() => setConfirming(true)}
            />
          </>
        )}
        <Segmented
          label="What of the trash"
          value={kind}
          options={[
            ["runs", `Runs ${data?.runs.length ?? ""}`],
            ["experiments", `Experiments ${data?.experiments.length ?? ""}`],
          ]}
          onChange={(value) => setQuery({ kind: value === "runs" ? undefined : value })}
        />
      </Head>
      <div class="page-body flush">
        {error !== undefined && <Failure error={error} retry={reload} />}
        {!data && error === undefined && <Loading />}
        {data && ids?.length === 0 && (
          <Empty title={`No deleted ${kind}`} icon="trash">
            <p>What you delete comes here first, and can be restored.</p>
          </Empty>
        )}
        {data && ids && ids.length > 0 && (
          <div class="scroll">
            <table class="list">
              <thead>
                <tr>
                  <th>
                    <input
                      type="checkbox"
                      aria-label="Select all"
                      checked={all}
                      onChange={toggleAll}
                    />
                  </th>
                  <th>Name</th>
                  <th>{kind === "runs" ? "Experiment" : "ID"}</th>
                  <th>{kind === "runs" ? "Started" : "Deleted"}</th>
                </tr>
              </thead>
              <tbody>
                {kind === "runs"
                  ? data.runs.map((run) => (
                      <TrashRow
                        key={run.run_id}
                        name={run.name}
                        status={run.status}
                        where={data.names.get(run.experiment_id) ?? run.experiment_id}
                        at={run.start_time}
                        picked={picked.has(run.run_id)}
                        onPick={() => toggle(run.run_id)}
                      />
                    ))
                  : data.experiments.map((e) => (
                      <TrashRow
                        key={idOf(e)}
                        name={e.name}
                        where={e.experiment_id}
                        at={e.last_update_time ?? 0}
                        picked={picked.has(idOf(e))}
                        onPick={() => toggle(idOf(e))}
                      />
                    ))}
              </tbody>
            </table>
          </div>
        )}
      </div>
      {confirming && (
        <ForeverDialog
          what={what}
          request={kind === "runs" ? { run_ids: chosen } : { experiment_ids: chosen }}
          onClose={() => setConfirming(false)}
          onDone={() => {
            setPicked(new Set());
            reload();
          }}
        />
      )}
    </>
  );
}

function idOf(experiment: Experiment): string {
  return experiment.experiment_id;
}

interface RowProps {
  name: string;
  where: string;
  at: number;
  picked: boolean;
  onPick: () => void;
  status?: string;
}

function TrashRow({ name, where, at, picked, onPick, status }: RowProps) {
  return (
    <tr class={`list-row ${picked ? "cursor" : ""}`}>
      <td>
        <input type="checkbox" aria-label={`Select ${name}`} checked={picked} onChange={onPick} />
      </td>
      <td>
        {status && <Status status={status} />} {name}
      </td>
      <td class="muted">{where}</td>
      <td class="muted" title={clock(at)}>
        {ago(at)}
      </td>
    </tr>
  );
}

interface ForeverProps {
  what: string;
  request: { run_ids?: string[]; experiment_ids?: string[] };
  onClose: () => void;
  onDone: () => void;
}

function ForeverDialog({ what, request, onClose, onDone }: ForeverProps) {
  const remove = async () => {
    try {
      report(await deleteForever(request));
      onDone();
      return true;
    } catch (error) {
      failed(error);
      return false;
    }
  };
  return (
    <FormDialog
      title={`Delete ${what} forever?`}
      action="Delete forever"
      danger
      onSubmit={remove}
      onClose={onClose}
    >
      <p>Everything that was logged goes, artifacts included. Nobody can bring it back.</p>
    </FormDialog>
  );
}

function report(found: Collected): void {
  const gone = found.experiments
    ? `${plural(found.experiments, "experiment")} with ${plural(found.runs, "run")}`
    : plural(found.runs, "run");
  done(`Gone: ${gone}, ${plural(found.files, "file")} (${bytes(found.bytes)})`);
  for (const text of found.failures.slice(0, 3)) failed(new Error(text));
}
