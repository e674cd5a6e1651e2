/** The registered models. */

import { useState } from "preact/hooks";
import { createModel, searchModels } from "../api/registry";
import type { RegisteredModel } from "../api/schema";
import { ago, clock } from "../format";
import { Aliases, Stage } from "../models/stage";
import { Button, Chip, Empty, Failure, Loading, SearchField, Snippet } from "../parts/basics";
import { Field, FormDialog } from "../parts/dialog";
import { Head } from "../parts/head";
import { firstLine } from "../parts/markdown";
import { useAsync, useSettled } from "../state/async";
import { useShortcuts } from "../state/keyboard";
import { useLive } from "../state/live";
import { type Page, usePages } from "../state/pages";
import { address, go, href, setQuery } from "../state/router";
import { attempt } from "../state/toast";

const NONE: Page<RegisteredModel> = { items: [], next: "" };

export function ModelsPage() {
  const text = address.value.query.get("q") ?? "";
  const settled = useSettled(text, 200);
  const [creating, setCreating] = useState(false);
  const filter = settled ? `name ILIKE '%${settled.replaceAll("'", "''")}%'` : "";
  const { data, error, reload } = useAsync((signal) => searchModels(filter, "", signal), [filter]);
  useLive("models", reload);
  useShortcuts([{ keys: "c", label: "New model", run: () => setCreating(true) }]);
  const rest = (token: string) => searchModels(filter, token);
  const { items: models, next, loadMore } = usePages(data ?? NONE, rest);
  return (
    <>
      <Head title="Models">
        <SearchField
          id="search"
          value={text}
          placeholder="Search models"
          onInput={(q) => setQuery({ q })}
        />
        <Button label="New model" icon="plus" kind="primary" onClick={() => setCreating(true)} />
      </Head>
      <div class="page-body flush">
        {error !== undefined && <Failure error={error} retry={reload} />}
        {!data && error === undefined && <Loading />}
        {data && models.length === 0 && <NoModels text={text} />}
        {models.length > 0 && (
          <div class="scroll">
            <table class="list">
              <thead>
                <tr>
                  <th>Name</th>
                  <th>Latest</th>
                  <th>Staging</th>
                  <th>Production</th>
                  <th>Aliases</th>
                  <th>Changed</th>
                  <th>Tags</th>
                </tr>
              </thead>
              <tbody>
                {models.map((model) => (
                  <ModelRow key={model.name} model={model} />
                ))}
              </tbody>
            </table>
            {next && <Button label="Show more" kind="quiet" onClick={loadMore} />}
          </div>
        )}
      </div>
      {creating && <CreateDialog onClose={() => setCreating(false)} />}
    </>
  );
}

function ModelRow({ model }: { model: RegisteredModel }) {
  const latest = model.latest_versions ?? [];
  const newest = Math.max(0, ...latest.map((v) => Number(v.version)));
  const inStage = (stage: string) => latest.find((v) => v.current_stage === stage);
  const link = (version: string) => (
    <a class="link num" href={href(["models", model.name, "versions", version])}>
      Version {version}
    </a>
  );
  const staged = (stage: string) => {
    const found = inStage(stage);
    return found ? (
      <span class="chips">
        <Stage stage={stage} /> {link(found.version)}
      </span>
    ) : (
      <span class="none">–</span>
    );
  };
  return (
    <tr class="list-row">
      <td class="name">
        <a href={href(["models", model.name])}>{model.name}</a>
        {model.description && (
          <span class="muted">{firstLine(model.description).slice(0, 80)}</span>
        )}
      </td>
      <td>{newest > 0 ? link(String(newest)) : <span class="none">–</span>}</td>
      <td>{staged("Staging")}</td>
      <td>{staged("Production")}</td>
      <td>
        <Aliases aliases={(model.aliases ?? []).map((a) => `${a.alias} → ${a.version}`)} />
      </td>
      <td class="muted" title={clock(model.last_updated_timestamp)}>
        {ago(model.last_updated_timestamp)}
      </td>
      <td>
        <div class="chips">
          {(model.tags ?? [])
            .filter((t) => !t.key.startsWith("mlflow."))
            .map((t) => (
              <Chip key={t.key} text={`${t.key}: ${t.value}`} />
            ))}
        </div>
      </td>
    </tr>
  );
}

function NoModels({ text }: { text: string }) {
  if (text) return <Empty title={`No model matches “${text}”`} icon="search" />;
  return (
    <Empty title="No models registered yet" icon="cube">
      <p>Register what a run produced, and give it stages and aliases here.</p>
      <Snippet
        code={`with mlflow.start_run():
    mlflow.sklearn.log_model(model, name="model", registered_model_name="my-model")`}
      />
    </Empty>
  );
}

function CreateDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const create = async () => {
    const done = await attempt("Created", () => createModel(name.trim(), description));
    if (done) go(href(["models", name.trim()]));
    return done;
  };
  return (
    <FormDialog title="New model" action="Create" onSubmit={create} onClose={onClose}>
      <Field label="Name">
        <input class="text" required value={name} onInput={(e) => setName(e.currentTarget.value)} />
      </Field>
      <Field label="Description" hint="Markdown">
        <textarea value={description} onInput={(e) => setDescription(e.currentTarget.value)} />
      </Field>
    </FormDialog>
  );
}
