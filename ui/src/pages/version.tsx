/** One model version: stage, aliases, signature, lineage, history, and how to use it. */

import { useState } from "preact/hooks";
import { readText } from "../api/artifacts";
import {
  deleteAlias,
  deleteVersion,
  deleteVersionTag,
  describeVersion,
  getModel,
  getVersion,
  historyOf,
  lineageOf,
  needsApproval,
  setAlias,
  setVersionTag,
} from "../api/registry";
import type { ModelVersion, OriginReply } from "../api/schema";
import { clock } from "../format";
import { History } from "../models/history";
import { type Signature, type Field as SignatureField, signatureOf } from "../models/signature";
import { Stage } from "../models/stage";
import { TransitionDialog } from "../models/transition";
import { Button, Failure, Loading, Snippet, Status } from "../parts/basics";
import { Field, FormDialog, Menu } from "../parts/dialog";
import { Facts } from "../parts/facts";
import { Head } from "../parts/head";
import { Markdown } from "../parts/markdown";
import { useAsync } from "../state/async";
import { useShortcuts } from "../state/keyboard";
import { useLive } from "../state/live";
import { go, href } from "../state/router";
import { attempt } from "../state/toast";
import { Copied } from "./about-experiment";

/** The signature of a version; null if it was logged without one. */
export async function signatureOfVersion(v: ModelVersion, signal?: AbortSignal) {
  const place = { name: v.name, version: v.version };
  try {
    const { text } = await readText(place, "MLmodel", 262_144, signal);
    return signatureOf(text);
  } catch {
    return null; // a version need not have files that this server can read
  }
}

type Asking = "stage" | "alias" | "tag" | "text" | "delete" | null;

export function VersionPage({ name, version }: { name: string; version: string }) {
  const { data, error, reload } = useAsync(
    async (signal) => {
      const [found, model, history, lineage, approval] = await Promise.all([
        getVersion(name, version, signal),
        getModel(name, signal),
        historyOf(name, version, "", signal),
        lineageOf(name, version, signal),
        needsApproval(name, signal),
      ]);
      const signature = await signatureOfVersion(found, signal);
      const aliases = (model.aliases ?? []).filter((a) => a.version === version);
      return { found, history, lineage, approval, signature, aliases: aliases.map((a) => a.alias) };
    },
    [name, version],
  );
  const [asking, setAsking] = useState<Asking>(null);
  useLive("models", reload);
  useShortcuts([{ keys: "u", label: "Up to the model", run: () => go(href(["models", name])) }]);
  if (error !== undefined && !data)
    return <Failure error={error} retry={reload} instead={["All models", href(["models"])]} />;
  if (!data) return <Loading />;
  const { found, history, lineage, approval, signature, aliases } = data;
  const close = () => setAsking(null);
  const remove = async () => {
    const text = `Version ${version} is deleted`;
    const done = await attempt(text, () => deleteVersion(name, version));
    if (done) go(href(["models", name]));
    return done;
  };
  return (
    <>
      <Head
        title={`Version ${version}`}
        crumbs={[
          ["Models", href(["models"])],
          [name, href(["models", name])],
        ]}
        before={<Status status={found.status ?? "READY"} />}
      >
        <Stage stage={found.current_stage} />
        <Button label="Move to a stage" kind="primary" onClick={() => setAsking("stage")} />
        <Menu
          label="Actions for the version"
          items={[
            { label: "Describe", icon: "edit", run: () => setAsking("text") },
            { label: "Delete", icon: "trash", danger: true, run: () => setAsking("delete") },
          ]}
        />
      </Head>
      <div class="page-body">
        <div class="split">
          <div class="stack grow">
            {found.description && (
              <section class="card">
                <Markdown text={found.description} />
              </section>
            )}
            <SignatureCard signature={signature} />
            <section class="card">
              <header class="card-head">
                <h2>Use it</h2>
              </header>
              <div class="stack">
                <Snippet
                  label="Load in Python"
                  code={`import mlflow

model = mlflow.pyfunc.load_model("models:/${name}${aliases[0] ? `@${aliases[0]}` : `/${version}`}")
model.predict(data)`}
                />
                <Snippet
                  label="Serve over HTTP"
                  code={`mlflow models serve --model-uri "models:/${name}/${version}" --port 5001`}
                />
              </div>
            </section>
            <section class="card">
              <header class="card-head">
                <h2>History</h2>
              </header>
              <History name={name} version={version} first={history} />
            </section>
          </div>
          <aside class="stack side-stack">
            <section class="card">
              <Facts
                items={[
                  ["Stage", <Stage key="s" stage={found.current_stage} />],
                  ["Registered", clock(found.creation_timestamp)],
                  ["By", found.user_id ?? ""],
                  ["Source", <Copied key="u" text={found.source ?? ""} />],
                  ["Run", lineage.run ? <RunLink key="r" run={lineage.run} /> : ""],
                  ["Data", (lineage.datasets ?? []).map((d) => d.dataset?.name).join(", ")],
                  ["Commit", lineage.code?.commit?.slice(0, 12) ?? ""],
                  ["Logged model", <ModelLink key="m" lineage={lineage} />],
                ]}
              />
            </section>
            <Marks
              title="Aliases"
              items={aliases.map((alias) => ({ key: `@${alias}`, value: "" }))}
              onAdd={() => setAsking("alias")}
              onRemove={(key) =>
                attempt("Alias removed", () => deleteAlias(name, key.slice(1))).then(reload)
              }
            />
            <Marks
              title="Tags"
              items={found.tags ?? []}
              onAdd={() => setAsking("tag")}
              onRemove={(key) =>
                attempt("Tag removed", () => deleteVersionTag(name, version, key)).then(reload)
              }
            />
          </aside>
        </div>
      </div>
      {asking === "stage" && (
        <TransitionDialog version={found} approval={approval} onClose={close} onDone={reload} />
      )}
      {asking === "delete" && (
        <FormDialog
          title={`Delete version ${version}?`}
          action="Delete"
          danger
          onSubmit={remove}
          onClose={close}
        >
          <p>The version goes for good; its run and its files stay. The number is not reused.</p>
        </FormDialog>
      )}
      {asking && asking !== "stage" && asking !== "delete" && (
        <AskDialog kind={asking} version={found} onClose={close} onDone={reload} />
      )}
    </>
  );
}

function RunLink({ run }: { run: { run_id: string; run_name: string; experiment_id: string } }) {
  return (
    <a class="link" href={href(["experiments", run.experiment_id, "runs", run.run_id])}>
      {run.run_name || run.run_id}
    </a>
  );
}

/** The logged model the version is of, with its files where its run is known. */
function ModelLink({ lineage: { run, logged_model: model } }: { lineage: OriginReply }) {
  if (!model) return <span class="none">–</span>;
  if (!run) return <>{model.name}</>;
  const files = { tab: "artifacts", model: model.model_id, file: "MLmodel" };
  return (
    <a class="link" href={href(["experiments", run.experiment_id, "runs", run.run_id], files)}>
      {model.name}
    </a>
  );
}

export function SignatureCard({ signature }: { signature: Signature | null }) {
  return (
    <section class="card">
      <header class="card-head">
        <h2>Schema</h2>
      </header>
      {!signature && <p class="muted">The model was logged without a signature.</p>}
      {signature && (
        <div class="schema">
          <Fields title="Inputs" fields={signature.inputs} />
          <Fields title="Outputs" fields={signature.outputs} />
          {signature.params.length > 0 && <Fields title="Params" fields={signature.params} />}
        </div>
      )}
    </section>
  );
}

function Fields({ title, fields }: { title: string; fields: SignatureField[] }) {
  return (
    <div>
      <h3>{title}</h3>
      <table class="facts-table">
        <tbody>
          {fields.map((field) => (
            <tr key={field.name}>
              <td class="mono">{field.name}</td>
              <td class="mono muted">{field.type}</td>
              <td class="muted">{field.required ? "" : "optional"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface MarksProps {
  title: string;
  items: { key: string; value: string }[];
  onAdd: () => void;
  onRemove: (key: string) => void;
}

function Marks({ title, items, onAdd, onRemove }: MarksProps) {
  return (
    <section class="card">
      <header class="card-head">
        <h2>{title}</h2>
        <Button
          label={`Add to ${title.toLowerCase()}`}
          icon="plus"
          kind="quiet"
          iconOnly
          onClick={onAdd}
        />
      </header>
      {items.length === 0 && <p class="muted">None</p>}
      <ul class="tag-list">
        {items.map(({ key, value }) => (
          <li key={key}>
            <span class="muted">{key}</span>
            <span class="ellipsis grow">{value}</span>
            <Button
              label={`Remove ${key}`}
              icon="close"
              kind="quiet"
              iconOnly
              onClick={() => onRemove(key)}
            />
          </li>
        ))}
      </ul>
    </section>
  );
}

interface AskProps {
  kind: "alias" | "tag" | "text";
  version: ModelVersion;
  onClose: () => void;
  onDone: () => void;
}

function AskDialog({ kind, version, onClose, onDone }: AskProps) {
  const [key, setKey] = useState("");
  const [value, setValue] = useState(kind === "text" ? (version.description ?? "") : "");
  const { name, version: number } = version;
  const save = async () => {
    const done = await attempt("Saved", () => {
      if (kind === "alias") return setAlias(name, key.trim().replace(/^@/, ""), number);
      if (kind === "tag") return setVersionTag(name, number, key.trim(), value);
      return describeVersion(name, number, value);
    });
    if (done) onDone();
    return done;
  };
  const titles = { alias: "Add an alias", tag: "Add a tag", text: "Describe the version" };
  return (
    <FormDialog title={titles[kind]} action="Save" onSubmit={save} onClose={onClose}>
      {kind !== "text" && (
        <Field label={kind === "alias" ? "Alias" : "Key"}>
          <input class="text" required value={key} onInput={(e) => setKey(e.currentTarget.value)} />
        </Field>
      )}
      {kind === "tag" && (
        <Field label="Value">
          <input class="text" value={value} onInput={(e) => setValue(e.currentTarget.value)} />
        </Field>
      )}
      {kind === "text" && (
        <Field label="Description" hint="Markdown">
          <textarea value={value} onInput={(e) => setValue(e.currentTarget.value)} />
        </Field>
      )}
    </FormDialog>
  );
}
