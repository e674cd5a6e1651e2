/** Views by name: filter, order, columns and charts, kept with the experiment for everyone. */

import { useState } from "preact/hooks";
import type { Experiment } from "../api/schema";
import { deleteExperimentTag, setExperimentTag } from "../api/tracking";
import { Button } from "../parts/basics";
import { Popover } from "../parts/dialog";
import { Icon } from "../parts/icon";
import { copy } from "../state/clipboard";
import { address, go } from "../state/router";
import { attempt } from "../state/toast";

const PREFIX = "milepost.view.";

export function SavedViews({
  experiment,
  onChanged,
}: {
  experiment: Experiment;
  onChanged: () => void;
}) {
  const [name, setName] = useState("");
  const id = experiment.experiment_id;
  const views = (experiment.tags ?? []).filter((t) => t.key.startsWith(PREFIX));
  const save = async (event: Event) => {
    event.preventDefault();
    const query = address.peek().query.toString();
    const text = `Saved view “${name.trim()}”`;
    if (await attempt(text, () => setExperimentTag(id, PREFIX + name.trim(), query || "all"))) {
      setName("");
      onChanged();
    }
  };
  const remove = async (key: string) => {
    if (await attempt("View deleted", () => deleteExperimentTag(id, key))) onChanged();
  };
  const copyLink = () => attempt("Link to this view copied", () => copy(window.location.href));
  return (
    <Popover
      label="Views"
      icon="bookmark"
      wide
      badge={views.length ? `${views.length}` : undefined}
    >
      {(close) => (
        <>
          <div class="panel-list">
            {views.length === 0 && <div class="panel-title">No saved views yet</div>}
            {views.map((view) => (
              <div key={view.key} class="option">
                <button
                  type="button"
                  class="link-button grow"
                  onClick={() => {
                    close();
                    go(`#/experiments/${id}${view.value === "all" ? "" : `?${view.value}`}`);
                  }}
                >
                  <Icon name="bookmark" size={13} /> {view.key.slice(PREFIX.length)}
                </button>
                <Button
                  label={`Delete view ${view.key.slice(PREFIX.length)}`}
                  icon="close"
                  kind="quiet"
                  iconOnly
                  onClick={() => remove(view.key)}
                />
              </div>
            ))}
          </div>
          <form class="panel-head" onSubmit={save}>
            <input
              class="text"
              required
              maxLength={200}
              placeholder="Name for what is shown now"
              aria-label="Name of the view"
              value={name}
              onInput={(event) => setName(event.currentTarget.value)}
            />
            <Button label="Save" kind="primary" type="submit" />
          </form>
          <div class="panel-foot">
            <Button label="Copy link" icon="link" kind="quiet" onClick={copyLink} />
          </div>
        </>
      )}
    </Popover>
  );
}
