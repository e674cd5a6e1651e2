/** What can be done with the selected runs. */

import { useState } from "preact/hooks";
import { deleteRun, forEach, restoreRun, setRunTag } from "../api/tracking";
import { plural } from "../format";
import { Button } from "../parts/basics";
import { Field, FormDialog } from "../parts/dialog";
import { go, href } from "../state/router";
import { attempt } from "../state/toast";
import type { Selection } from "./table";

interface Props {
  experiments: string[];
  selection: Selection;
  deleted: boolean;
  onChanged: () => void;
}

export function SelectionBar({ experiments, selection, deleted, onChanged }: Props) {
  const [tagging, setTagging] = useState(false);
  const ids = [...selection.ids].filter(Boolean);
  if (ids.length === 0) return null;
  const finish = () => {
    selection.set(new Set());
    onChanged();
  };
  const remove = async () => {
    const undo = () => void attempt("Restored", () => forEach(ids, restoreRun)).then(onChanged);
    const text = `${plural(ids.length, "run")} moved to the trash`;
    if (await attempt(text, () => forEach(ids, deleteRun), undo)) finish();
  };
  const restore = async () => {
    const text = `${plural(ids.length, "run")} restored`;
    if (await attempt(text, () => forEach(ids, restoreRun))) finish();
  };
  return (
    <div class="selection-bar" role="toolbar" aria-label="Selected runs">
      <b>{plural(ids.length, "run")} selected</b>
      <Button
        label="Compare"
        icon="compare"
        kind="primary"
        disabled={ids.length < 2}
        onClick={() => go(href(["compare"], { run: ids, experiment: experiments }))}
      />
      <Button label="Tag" icon="tag" onClick={() => setTagging(true)} />
      {deleted ? (
        <Button label="Restore" icon="restore" onClick={restore} />
      ) : (
        <Button label="Delete" icon="trash" kind="danger" onClick={remove} />
      )}
      <Button label="Select nothing" kind="quiet" onClick={() => selection.set(new Set())} />
      {tagging && <TagDialog ids={ids} onClose={() => setTagging(false)} onDone={onChanged} />}
    </div>
  );
}

function TagDialog(p: { ids: string[]; onClose: () => void; onDone: () => void }) {
  const [key, setKey] = useState("");
  const [value, setValue] = useState("");
  const tag = async () => {
    const done = await attempt(`Tagged ${plural(p.ids.length, "run")}`, () =>
      forEach(p.ids, (id) => setRunTag(id, key.trim(), value)),
    );
    if (done) p.onDone();
    return done;
  };
  return (
    <FormDialog
      title={`Tag ${plural(p.ids.length, "run")}`}
      action="Set tag"
      onSubmit={tag}
      onClose={p.onClose}
    >
      <Field label="Key">
        <input class="text" required value={key} onInput={(e) => setKey(e.currentTarget.value)} />
      </Field>
      <Field label="Value">
        <input class="text" value={value} onInput={(e) => setValue(e.currentTarget.value)} />
      </Field>
    </FormDialog>
  );
}
