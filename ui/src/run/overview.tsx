/** What a run logged, at a glance. */

import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { KeyValue, LoggedModel, MetricReply, Run, RunInfo } from "../api/schema";
import { deleteRunTag, setRunTag } from "../api/tracking";
import { clock, count, number } from "../format";
import { Copied } from "../pages/about-experiment";
import { DESCRIPTION } from "../pages/experiment-dialog";
import { Button, Copy, SearchField, Status } from "../parts/basics";
import { Field, FormDialog } from "../parts/dialog";
import { Facts } from "../parts/facts";
import { Markdown } from "../parts/markdown";
import { keyTest } from "../runs/columns";
import { href } from "../state/router";
import { attempt } from "../state/toast";
import { Inputs, LoggedModels } from "./lineage";
import { Sparklines } from "./sparkline";

const MOST_METRICS = 200;
const MOST_PAIRS = 500;

interface Props {
  run: Run;
  metrics: MetricReply[];
  models: LoggedModel[];
  onChanged: () => void;
}

export function RunOverview({ run, metrics, models, onChanged }: Props) {
  const tags = run.data.tags ?? [];
  const [editing, setEditing] = useState<KeyValue | null>(null);
  const note = tags.find((t) => t.key === DESCRIPTION)?.value;
  const own = tags.filter((t) => !t.key.startsWith("mlflow."));
  return (
    <div class="split">
      <div class="stack grow">
        {note && (
          <section class="card noted">
            <Markdown text={note} />
            <Button
              label="Edit the notes"
              icon="edit"
              kind="quiet"
              iconOnly
              onClick={() => setEditing({ key: DESCRIPTION, value: note })}
            />
          </section>
        )}
        <MetricsCard run={run.info} metrics={metrics} />
        <PairsCard title="Params" pairs={run.data.params ?? []} />
        <Inputs run={run} />
        <LoggedModels run={run} models={models} />
      </div>
      <aside class="stack side-stack">
        <section class="card">
          <About run={run} />
        </section>
        <section class="card">
          <header class="card-head">
            <h2>Tags</h2>
            <Button
              label="Add a tag"
              icon="plus"
              kind="quiet"
              iconOnly
              onClick={() => setEditing({ key: "", value: "" })}
            />
          </header>
          <Tags run={run.info.run_id} tags={own} onEdit={setEditing} onChanged={onChanged} />
        </section>
        {!note && (
          <Button
            label="Write notes"
            icon="edit"
            onClick={() => setEditing({ key: DESCRIPTION, value: "" })}
          />
        )}
      </aside>
      {editing && (
        <TagForm
          run={run.info.run_id}
          tag={editing}
          onClose={() => setEditing(null)}
          onDone={onChanged}
        />
      )}
    </div>
  );
}

function About({ run }: { run: Run }) {
  const { info } = run;
  const tag = (key: string) => run.data.tags?.find((t) => t.key === key)?.value;
  const commit = tag("mlflow.source.git.commit");
  const used = (run.inputs?.model_inputs ?? []).map((m) => m.model_id);
  return (
    <Facts
      items={[
        ["Status", <Status key="s" status={info.status} label />],
        ["Run ID", <Copied key="i" text={info.run_id} />],
        ["Started", clock(info.start_time)],
        ["Ended", clock(info.end_time)],
        ["User", tag("mlflow.user") ?? info.user_id],
        ["Source", tag("mlflow.source.name") ?? ""],
        ["Commit", commit ? <Copied key="c" text={commit.slice(0, 12)} /> : ""],
        ["Branch", tag("mlflow.source.git.branch") ?? ""],
        ...used.map((id): [string, ComponentChildren] => [
          "Model used",
          <Copied key={id} text={id} />,
        ]),
        ["Artifacts", <Copied key="a" text={info.artifact_uri} />],
      ]}
    />
  );
}

function MetricsCard({ run, metrics }: { run: RunInfo; metrics: MetricReply[] }) {
  const [text, setText] = useState("");
  const [most, setMost] = useState(MOST_METRICS);
  const own = useMemo(() => metrics.filter((m) => !m.key.startsWith("system/")), [metrics]);
  const shown = useMemo(() => {
    const test = keyTest(text);
    return own.filter((m) => test(m.key));
  }, [own, text]);
  return (
    <section class="card">
      <header class="card-head">
        <h2>
          Metrics <span class="muted">{own.length || ""}</span>
        </h2>
        {own.length > 8 && (
          <SearchField value={text} placeholder="Search metrics" onInput={setText} />
        )}
      </header>
      {shown.length === 0 ? (
        <p class="muted">{text ? "No metric matches" : "No metrics logged"}</p>
      ) : (
        <table class="facts-table">
          <thead>
            <tr>
              <th>Name</th>
              <th>History</th>
              <th class="end">Last</th>
              <th class="end">Step</th>
              <th class="end">Min</th>
              <th class="end">Max</th>
            </tr>
          </thead>
          <tbody>
            <Sparklines run={run.run_id} keys={shown.slice(0, most).map((m) => m.key)}>
              {(sparkline) =>
                shown.slice(0, most).map((m) => (
                  <tr key={m.key} class="list-row">
                    <td class="mono ellipsis" title={m.key}>
                      <a class="quiet-link" href={chartOf(run, m.key)}>
                        {m.key}
                      </a>
                    </td>
                    <td>{sparkline(m.key)}</td>
                    <td class="end num strong" title={String(m.last)}>
                      {number(m.last, 6)}
                    </td>
                    <td class="end num muted">{number(m.step)}</td>
                    <td class="end num" title={`at step ${m.min_step}`}>
                      {number(m.min, 6)}
                    </td>
                    <td class="end num" title={`at step ${m.max_step}`}>
                      {number(m.max, 6)}
                    </td>
                  </tr>
                ))
              }
            </Sparklines>
          </tbody>
        </table>
      )}
      <More shown={most} of={shown.length} onMore={() => setMost(most + MOST_METRICS)} />
    </section>
  );
}

/** The charts of a run with this metric alone. */
function chartOf({ experiment_id, run_id }: RunInfo, key: string): string {
  const metric = `^${key.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`;
  const tab = key.startsWith("system/") ? "system" : "charts";
  return href(["experiments", experiment_id, "runs", run_id], { tab, metric });
}

/** A value of any length; a long one scrolls in its own box, by keys too. */
function Value({ text }: { text: string }) {
  const long = text.length > 400 ? { class: "clamped", tabIndex: 0 } : {};
  return <div {...long}>{text}</div>;
}

function More(p: { shown: number; of: number; onMore: () => void }) {
  if (p.shown >= p.of) return null;
  return (
    <div class="more">
      <span class="muted">
        {count(p.shown)} of {count(p.of)}
      </span>
      <Button label="Show more" onClick={p.onMore} />
    </div>
  );
}

function PairsCard({ title, pairs }: { title: string; pairs: KeyValue[] }) {
  const [text, setText] = useState("");
  const [most, setMost] = useState(MOST_PAIRS);
  const shown = useMemo(() => {
    const test = keyTest(text);
    const found = pairs.filter((p) => test(p.key) || test(p.value));
    return found.sort((a, b) => a.key.localeCompare(b.key));
  }, [pairs, text]);
  return (
    <section class="card">
      <header class="card-head">
        <h2>
          {title} <span class="muted">{pairs.length || ""}</span>
        </h2>
        {pairs.length > 8 && (
          <SearchField
            value={text}
            placeholder={`Search ${title.toLowerCase()}`}
            onInput={setText}
          />
        )}
      </header>
      {shown.length === 0 ? (
        <p class="muted">{text ? "Nothing matches" : "None logged"}</p>
      ) : (
        <table class="facts-table">
          <tbody>
            {shown.slice(0, most).map((p) => (
              <tr key={p.key} class="list-row">
                <td class="mono muted key">{p.key}</td>
                <td class="mono wrap">
                  <Value text={p.value} />
                </td>
                <td class="end">
                  <Copy text={p.value} label={`Copy ${p.key}`} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <More shown={most} of={shown.length} onMore={() => setMost(most + MOST_PAIRS)} />
    </section>
  );
}

interface TagsProps {
  run: string;
  tags: KeyValue[];
  onEdit: (tag: KeyValue) => void;
  onChanged: () => void;
}

function Tags({ run, tags, onEdit, onChanged }: TagsProps) {
  if (tags.length === 0) return <p class="muted">No tags</p>;
  const remove = async (tag: KeyValue) => {
    const undo = () =>
      void attempt("Tag is back", () => setRunTag(run, tag.key, tag.value)).then(onChanged);
    if (await attempt(`Removed ${tag.key}`, () => deleteRunTag(run, tag.key), undo)) onChanged();
  };
  return (
    <ul class="tag-list">
      {tags.map((tag) => (
        <li key={tag.key}>
          <button type="button" class="link-button grow" onClick={() => onEdit(tag)}>
            <span class="muted">{tag.key}</span>
            <span class="ellipsis">{tag.value}</span>
          </button>
          <Button
            label={`Remove ${tag.key}`}
            icon="close"
            kind="quiet"
            iconOnly
            onClick={() => remove(tag)}
          />
        </li>
      ))}
    </ul>
  );
}

function TagForm(p: { run: string; tag: KeyValue; onClose: () => void; onDone: () => void }) {
  const [key, setKey] = useState(p.tag.key);
  const [value, setValue] = useState(p.tag.value);
  const note = p.tag.key === DESCRIPTION;
  const save = async () => {
    const done = await attempt("Saved", () => setRunTag(p.run, key.trim(), value));
    if (done) p.onDone();
    return done;
  };
  return (
    <FormDialog
      title={note ? "Notes" : p.tag.key ? "Change a tag" : "Add a tag"}
      action="Save"
      onSubmit={save}
      onClose={p.onClose}
    >
      {!note && (
        <Field label="Key">
          <input
            class="text"
            required
            disabled={p.tag.key !== ""}
            value={key}
            onInput={(event) => setKey(event.currentTarget.value)}
          />
        </Field>
      )}
      <Field label={note ? "Notes" : "Value"} {...(note ? { hint: "Markdown" } : {})}>
        {note ? (
          <textarea value={value} onInput={(event) => setValue(event.currentTarget.value)} />
        ) : (
          <input
            class="text"
            value={value}
            onInput={(event) => setValue(event.currentTarget.value)}
          />
        )}
      </Field>
    </FormDialog>
  );
}
