/** One registered model: its versions, what is asked for, its history. */

import { useState } from "preact/hooks";
import { deletedModels, restoreModels } from "../api/operations";
import {
  deleteModel,
  describeModel,
  getModel,
  historyOf,
  needsApproval,
  openRequests,
  renameModel,
  setNeedsApproval,
  versionsOf,
} from "../api/registry";
import type { ModelVersion } from "../api/schema";
import { ago, clock } from "../format";
import { History } from "../models/history";
import { Requests } from "../models/requests";
import { Aliases, Stage } from "../models/stage";
import { Button, Chip, Empty, Failure, Loading, Snippet, Status } from "../parts/basics";
import { Field, FormDialog, Menu } from "../parts/dialog";
import { Head } from "../parts/head";
import { firstLine, Markdown } from "../parts/markdown";
import { useAsync } from "../state/async";
import { useShortcuts } from "../state/keyboard";
import { useLive } from "../state/live";
import { type Page, usePages } from "../state/pages";
import { go, href } from "../state/router";
import { attempt } from "../state/toast";

const NONE: Page<ModelVersion> = { items: [], next: "" };

export function ModelPage({ name }: { name: string }) {
  const { data, error, reload } = useAsync(
    async (signal) => {
      const [model, versions, history, requests, approval] = await Promise.all([
        getModel(name, signal),
        versionsOf(name, "", signal),
        historyOf(name, "", "", signal),
        openRequests(name, signal),
        needsApproval(name, signal),
      ]);
      return { model, versions, history, requests, approval };
    },
    [name],
  );
  const [editing, setEditing] = useState(false);
  const [picked, setPicked] = useState<string[]>([]);
  useLive("models", reload);
  const older = (token: string) => versionsOf(name, token);
  const { items: versions, next, loadMore } = usePages(data?.versions ?? NONE, older);
  useShortcuts([{ keys: "u", label: "Up to the models", run: () => go(href(["models"])) }]);
  if (error !== undefined && !data)
    return <Failure error={error} retry={reload} instead={["All models", href(["models"])]} />;
  if (!data) return <Loading />;
  const { model, history, requests, approval } = data;
  const aliases = (version: string) =>
    (model.aliases ?? []).filter((a) => a.version === version).map((a) => a.alias);
  const remove = async () => {
    const undo = () => void attempt("Restored", () => restoreModel(name));
    const text = `“${name}” is in the trash`;
    if (await attempt(text, () => deleteModel(name), undo)) go(href(["models"]));
  };
  const toggleApproval = async () => {
    const text = approval ? "Production is open" : "Production needs approval now";
    if (await attempt(text, () => setNeedsApproval(name, !approval))) reload();
  };
  const pick = (version: string) =>
    setPicked(
      picked.includes(version)
        ? picked.filter((v) => v !== version)
        : [...picked.slice(-1), version],
    );
  return (
    <>
      <Head title={name} crumbs={[["Models", href(["models"])]]}>
        {picked.length === 2 && (
          <a class="button primary" href={href(["models", name, "compare"], { v: picked })}>
            Compare versions {picked.join(" and ")}
          </a>
        )}
        <Menu
          label="Actions for the model"
          items={[
            { label: "Rename or describe", icon: "edit", run: () => setEditing(true) },
            {
              label: approval
                ? "Let everyone move to Production"
                : "Require approval for Production",
              icon: "check",
              run: toggleApproval,
            },
            { label: "Move to trash", icon: "trash", danger: true, run: remove },
          ]}
        />
      </Head>
      <div class="page-body">
        <div class="split">
          <div class="stack grow">
            {model.description && (
              <section class="card">
                <Markdown text={model.description} />
              </section>
            )}
            <Requests requests={requests} onDone={reload} />
            <section class="card flush-card">
              <header class="card-head padded">
                <h2>
                  Versions <span class="muted">{countOf(versions, next)}</span>
                </h2>
                {approval && <span class="chip">Production needs approval</span>}
              </header>
              {versions.length === 0 ? (
                <Empty title="No versions yet" icon="cube">
                  <Snippet code={`mlflow.register_model("runs:/<run id>/model", "${name}")`} />
                </Empty>
              ) : (
                <Versions versions={versions} aliases={aliases} picked={picked} onPick={pick} />
              )}
              {next && <Button label="Show older versions" kind="quiet" onClick={loadMore} />}
            </section>
          </div>
          <aside class="stack side-stack">
            {versions[0] && (
              <section class="card">
                <header class="card-head">
                  <h2>Use it</h2>
                </header>
                <Snippet
                  code={loading(name, versions[0].version, model.aliases?.[0]?.alias)}
                  label="Load in Python"
                />
              </section>
            )}
            <section class="card">
              <header class="card-head">
                <h2>History</h2>
              </header>
              <History name={name} version="" first={history} />
            </section>
          </aside>
        </div>
      </div>
      {editing && (
        <EditDialog
          name={name}
          description={model.description ?? ""}
          onClose={() => setEditing(false)}
          onDone={reload}
        />
      )}
    </>
  );
}

/** Brings back the model of that name that was deleted last. */
async function restoreModel(name: string): Promise<void> {
  const { registered_models: found } = await deletedModels();
  const last = found.find((model) => model.name === name);
  if (last) await restoreModels({ registered_model_ids: [last.id] });
}

function countOf(versions: ModelVersion[], next: string): string {
  return versions.length ? `${versions.length}${next && "+"}` : "";
}

function loading(name: string, version: string, alias: string | undefined): string {
  return `import mlflow

model = mlflow.pyfunc.load_model(
    "models:/${name}${alias ? `@${alias}` : `/${version}`}"
)`;
}

interface VersionsProps {
  versions: ModelVersion[];
  aliases: (version: string) => string[];
  picked: string[];
  onPick: (version: string) => void;
}

function Versions({ versions, aliases, picked, onPick }: VersionsProps) {
  return (
    <table class="list">
      <thead>
        <tr>
          <th>
            <span class="hidden">Compare</span>
          </th>
          <th>Version</th>
          <th>Stage</th>
          <th>Aliases</th>
          <th>Registered</th>
          <th>By</th>
          <th>Tags</th>
          <th>Description</th>
        </tr>
      </thead>
      <tbody>
        {versions.map((v) => (
          <tr key={v.version} class="list-row">
            <td>
              <input
                type="checkbox"
                aria-label={`Compare version ${v.version}`}
                checked={picked.includes(v.version)}
                onChange={() => onPick(v.version)}
              />
            </td>
            <td class="name">
              <Status status={v.status ?? "READY"} />{" "}
              <a href={href(["models", v.name, "versions", v.version])}>Version {v.version}</a>
            </td>
            <td>
              <Stage stage={v.current_stage} />
            </td>
            <td>
              <Aliases aliases={aliases(v.version)} />
            </td>
            <td class="muted" title={clock(v.creation_timestamp)}>
              {ago(v.creation_timestamp)}
            </td>
            <td>{v.user_id}</td>
            <td>
              <div class="chips">
                {(v.tags ?? []).map((t) => (
                  <Chip key={t.key} text={`${t.key}: ${t.value}`} />
                ))}
              </div>
            </td>
            <td class="muted">{firstLine(v.description ?? "").slice(0, 60)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface EditProps {
  name: string;
  description: string;
  onClose: () => void;
  onDone: () => void;
}

function EditDialog(p: EditProps) {
  const [name, setName] = useState(p.name);
  const [description, setDescription] = useState(p.description);
  const save = () =>
    attempt("Saved", async () => {
      if (description !== p.description) await describeModel(p.name, description);
      if (name.trim() !== p.name) {
        await renameModel(p.name, name.trim());
        go(href(["models", name.trim()]));
      }
      p.onDone();
    });
  return (
    <FormDialog title="Rename or describe" action="Save" onSubmit={save} onClose={p.onClose}>
      <Field label="Name">
        <input class="text" required value={name} onInput={(e) => setName(e.currentTarget.value)} />
      </Field>
      <Field label="Description" hint="Markdown">
        <textarea value={description} onInput={(e) => setDescription(e.currentTarget.value)} />
      </Field>
    </FormDialog>
  );
}
