/** What was deleted: restore it, or delete it forever. */

import { useState } from "preact/hooks";
import {
  type Collected,
  deletedModels,
  deleteForever,
  type InTrash,
  restoreModels,
} from "../api/operations";
import { table } from "../api/overview";
import { forEach, restoreExperiment, restoreRun, searchExperiments } from "../api/tracking";
import { ago, bytes, clock, plural } from "../format";
import { Button, Empty, Failure, Loading, SearchField, Segmented, Status } from "../parts/basics";
import { FormDialog } from "../parts/dialog";
import { Head } from "../parts/head";
import { useAsync } from "../state/async";
import { useListKeys } from "../state/keyboard";
import { useLive } from "../state/live";
import { address, setQuery } from "../state/router";
import { attempt, done, failed } from "../state/toast";

type Kind = "runs" | "experiments" | "models";

const MOST = 1000;

/** Something in the trash; `key` tells it from all others of its kind. */
interface Item {
  key: string;
  name: string;
  where: string;
  at: number;
  status?: string;
}

type Trash = Record<Kind, Item[]>;

const NOUN: Record<Kind, string> = { runs: "run", experiments: "experiment", models: "model" };
const WHERE: Record<Kind, string> = { runs: "Experiment", experiments: "ID", models: "What it is" };
const REGISTERED = "registered:";

async function load(signal: AbortSignal): Promise<Trash> {
  const [all, models] = await Promise.all([
    searchExperiments("ALL", signal),
    deletedModels(signal),
  ]);
  const query = {
    experiment_ids: all.map((e) => e.experiment_id),
    run_view_type: 2,
    limit: MOST,
  } as const;
  const { rows } = await table(query, signal);
  const names = new Map(all.map((e) => [e.experiment_id, e.name]));
  const nameOf = (id: string) => names.get(id) ?? id;
  const registered = models.registered_models.map((m) => ({
    key: `${REGISTERED}${m.id}`,
    name: m.name,
    where: `Registered model, ${plural(m.versions, "version")}`,
    at: m.deleted,
  }));
  const logged = models.logged_models.map((m) => ({
    key: m.model_id,
    name: m.name,
    where: `Logged model of ${nameOf(m.experiment_id)}`,
    at: m.deleted,
  }));
  return {
    runs: rows.map((run) => ({
      key: run.run_id,
      name: run.name,
      where: nameOf(run.experiment_id),
      at: run.start_time,
      status: run.status,
    })),
    experiments: all
      .filter((e) => e.lifecycle_stage === "deleted")
      .map((e) => ({
        key: e.experiment_id,
        name: e.name,
        where: e.experiment_id,
        at: e.last_update_time ?? 0,
      })),
    models: [...registered, ...logged].sort((a, b) => b.at - a.at),
  };
}

/** The request that names these items. */
function request(kind: Kind, keys: string[]): InTrash {
  if (kind === "runs") return { run_ids: keys };
  if (kind === "experiments") return { experiment_ids: keys };
  const [registered, logged] = [true, false].map((wanted) =>
    keys.filter((key) => key.startsWith(REGISTERED) === wanted),
  );
  return {
    model_ids: logged ?? [],
    registered_model_ids: (registered ?? []).map((key) => Number(key.slice(REGISTERED.length))),
  };
}

async function restoreAll(kind: Kind, keys: string[]): Promise<unknown> {
  if (kind === "models") return restoreModels(request(kind, keys));
  return forEach(keys, kind === "runs" ? restoreRun : restoreExperiment);
}

export function TrashPage() {
  const { data, error, reload } = useAsync(load, []);
  const query = address.value.query;
  const kind = (query.get("kind") ?? "runs") as Kind;
  const text = query.get("q") ?? "";
  const [picked, setPicked] = useState(new Set<string>());
  const [confirming, setConfirming] = useState(false);
  useLive("", reload, 2000);
  const items = data?.[kind] ?? [];
  const wanted = text.toLowerCase();
  const shown = items.filter((i) => `${i.name} ${i.where}`.toLowerCase().includes(wanted));
  const chosen = shown.map((item) => item.key).filter((key) => picked.has(key));
  const toggle = (key: string) => {
    const next = new Set(picked);
    if (!next.delete(key)) next.add(key);
    setPicked(next);
  };
  const cursor = useListKeys(
    shown.length,
    (at) => toggle(shown[at]?.key ?? ""),
    "Select the row",
    "x",
  );
  const what = plural(chosen.length, NOUN[kind]);
  const restore = async () => {
    if (await attempt(`${what} restored`, () => restoreAll(kind, chosen))) reload();
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
        <SearchField value={text} placeholder="Search the trash" onInput={(q) => setQuery({ q })} />
        <Segmented
          label="What of the trash"
          value={kind}
          options={[
            ["runs", `Runs ${data?.runs.length ?? ""}`],
            ["experiments", `Experiments ${data?.experiments.length ?? ""}`],
            ["models", `Models ${data?.models.length ?? ""}`],
          ]}
          onChange={(value) => setQuery({ kind: value === "runs" ? undefined : value })}
        />
      </Head>
      <div class="page-body flush">
        {error !== undefined && <Failure error={error} retry={reload} />}
        {!data && error === undefined && <Loading />}
        {data && shown.length === 0 && (
          <Empty title={text ? `Nothing matches “${text}”` : `No deleted ${kind}`} icon="trash">
            <p>What you delete comes here first, and can be restored.</p>
          </Empty>
        )}
        {shown.length > 0 && (
          <TrashTable
            kind={kind}
            items={shown}
            cursor={cursor}
            picked={picked}
            onPick={toggle}
            onPickAll={(all) => setPicked(new Set(all ? shown.map((item) => item.key) : []))}
          />
        )}
      </div>
      {confirming && (
        <ForeverDialog
          what={what}
          kind={kind}
          keys={chosen}
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

interface TableProps {
  kind: Kind;
  items: Item[];
  cursor: number;
  picked: Set<string>;
  onPick: (key: string) => void;
  onPickAll: (all: boolean) => void;
}

function TrashTable({ kind, items, cursor, picked, onPick, onPickAll }: TableProps) {
  const all = items.every((item) => picked.has(item.key));
  return (
    <div class="scroll">
      <table class="list">
        <thead>
          <tr>
            <th>
              <input
                type="checkbox"
                aria-label="Select all"
                checked={all}
                onChange={() => onPickAll(!all)}
              />
            </th>
            <th>Name</th>
            <th>{WHERE[kind]}</th>
            <th>{kind === "runs" ? "Started" : "Deleted"}</th>
          </tr>
        </thead>
        <tbody>
          {items.map((item, i) => (
            <tr
              key={item.key}
              class={`list-row ${i === cursor ? "cursor" : ""} ${picked.has(item.key) ? "selected" : ""}`}
            >
              <td>
                <input
                  type="checkbox"
                  aria-label={`Select ${item.name}`}
                  checked={picked.has(item.key)}
                  onChange={() => onPick(item.key)}
                />
              </td>
              <td>
                {item.status && <Status status={item.status} />} {item.name}
              </td>
              <td class="muted">{item.where}</td>
              <td class="muted" title={clock(item.at)}>
                {ago(item.at)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface ForeverProps {
  what: string;
  kind: Kind;
  keys: string[];
  onClose: () => void;
  onDone: () => void;
}

function ForeverDialog({ what, kind, keys, onClose, onDone }: ForeverProps) {
  const remove = async () => {
    try {
      report(await deleteForever(request(kind, keys)));
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
  const counts: [number, string][] = [
    [found.experiments, "experiment"],
    [found.runs, "run"],
    [found.registered_models, "registered model"],
    [found.models, "logged model"],
    [found.files, "file"],
  ];
  const gone = counts.filter(([size]) => size > 0).map(([size, noun]) => plural(size, noun));
  done(`Gone: ${gone.join(", ") || "nothing"} (${bytes(found.bytes)})`);
  for (const text of found.failures.slice(0, 3)) failed(new Error(text));
}
