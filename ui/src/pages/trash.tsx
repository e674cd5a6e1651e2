/** What was deleted: restore it, or delete it forever. */

import { useState } from "preact/hooks";
import type { CollectedReply } from "../api/schema";
import { ago, bytes, clock, count, plural } from "../format";
import { Button, Empty, Failure, Loading, SearchField, Segmented, Status } from "../parts/basics";
import { FormDialog } from "../parts/dialog";
import { Head } from "../parts/head";
import { useAsync } from "../state/async";
import { useLive } from "../state/live";
import { address, setQuery } from "../state/router";
import { attempt, done, failed } from "../state/toast";
import { type Item, type Kind, load, MOST, news, without } from "../trash/contents";
import { removeAll, restoreAll } from "../trash/request";

const NOUN: Record<Kind, string> = { runs: "run", experiments: "experiment", models: "model" };
const WHERE: Record<Kind, string> = { runs: "Experiment", experiments: "ID", models: "What it is" };

export function TrashPage() {
  const { data, error, reload, update } = useAsync(load, []);
  const query = address.value.query;
  const kind = (query.get("kind") ?? "runs") as Kind;
  const text = query.get("q") ?? "";
  const [picked, setPicked] = useState(new Set<string>());
  const [confirming, setConfirming] = useState(false);
  useLive(
    "",
    (topics) => {
      if (topics) news(topics).then(update, reload);
      else reload();
    },
    1000,
  );
  const items = data?.[kind] ?? [];
  const wanted = text.toLowerCase();
  const shown = items.filter((i) => `${i.name} ${i.where}`.toLowerCase().includes(wanted));
  const chosen = shown.map((item) => item.key).filter((key) => picked.has(key));
  const toggle = (key: string) => {
    const next = new Set(picked);
    if (!next.delete(key)) next.add(key);
    setPicked(next);
  };
  const what = plural(chosen.length, NOUN[kind]);
  const drop = () => {
    update((trash) => without(trash, kind, new Set(chosen)));
    setPicked(new Set());
  };
  const restore = async () => {
    // Of several, some may be back when one is refused: then all is looked at again.
    if (await attempt(`${what} restored`, () => restoreAll(kind, chosen))) drop();
    else reload();
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
            ["runs", `Runs ${countOf(data?.runs)}`],
            ["experiments", `Experiments ${countOf(data?.experiments)}`],
            ["models", `Models ${countOf(data?.models)}`],
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
          onDone={(complete) => (complete ? drop() : reload())}
        />
      )}
    </>
  );
}

/** How many there are, with a + where only the newest are shown. */
function countOf(items: Item[] | undefined): string {
  if (!items) return "";
  return `${count(items.length)}${items.length >= MOST ? "+" : ""}`;
}

interface TableProps {
  kind: Kind;
  items: Item[];
  picked: Set<string>;
  onPick: (key: string) => void;
  onPickAll: (all: boolean) => void;
}

function TrashTable({ kind, items, picked, onPick, onPickAll }: TableProps) {
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
          {items.map((item) => (
            <tr key={item.key} class={`list-row ${picked.has(item.key) ? "selected" : ""}`}>
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
  /** Whether all of it is gone. */
  onDone: (complete: boolean) => void;
}

function ForeverDialog({ what, kind, keys, onClose, onDone }: ForeverProps) {
  const remove = async () => {
    try {
      const found = await removeAll(kind, keys);
      report(found);
      onDone(found.failures.length === 0);
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

function report(found: CollectedReply): void {
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
