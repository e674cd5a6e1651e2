/** What a run read and what it made: data sets and logged models. */

import { useState } from "preact/hooks";
import type { LoggedModel, Run } from "../api/schema";
import { number } from "../format";
import { RegisterDialog } from "../models/register";
import { Button, Status } from "../parts/basics";
import { href } from "../state/router";
import { parsed, registeredAs, sourceOf } from "./origin";

export function Inputs({ run }: { run: Run }) {
  const inputs = run.inputs?.dataset_inputs ?? [];
  if (inputs.length === 0) return null;
  return (
    <section class="card">
      <header class="card-head">
        <h2>Data sets</h2>
      </header>
      <table class="facts-table">
        <tbody>
          {inputs.map(({ dataset, tags }) => (
            <tr key={`${dataset?.name}/${dataset?.digest}`} class="list-row">
              <td class="strong">{dataset?.name}</td>
              <td>
                <span class="chip">
                  {tags?.find((t) => t.key === "mlflow.data.context")?.value ??
                    dataset?.source_type}
                </span>
              </td>
              <td class="muted">{sizeOf(dataset?.profile)}</td>
              <td class="mono wrap muted">{sourceOf(dataset?.source)}</td>
              <td class="mono muted end">{dataset?.digest}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function sizeOf(profile: string | undefined): string {
  const rows = parsed(profile).num_rows;
  return typeof rows === "number" ? `${number(rows)} rows` : "";
}

const STATES: Record<string, string> = { READY: "FINISHED", PENDING: "RUNNING" };

export function LoggedModels({ run, models }: { run: Run; models: LoggedModel[] }) {
  const [registering, setRegistering] = useState<LoggedModel | null>(null);
  if (models.length === 0) return null;
  const { experiment_id, run_id } = run.info;
  return (
    <section class="card">
      <header class="card-head">
        <h2>
          Logged models <span class="muted">{models.length}</span>
        </h2>
      </header>
      <table class="facts-table">
        <tbody>
          {models.map((model) => {
            const { info, data } = model;
            const files = { tab: "artifacts", model: info.model_id, file: "MLmodel" };
            const state = info.status.replace("LOGGED_MODEL_", "").replace("UPLOAD_", "");
            return (
              <tr key={info.model_id} class="list-row">
                <td class="nowrap">
                  <Status status={STATES[state] ?? "FAILED"} />{" "}
                  <a
                    class="link"
                    href={href(["experiments", experiment_id, "runs", run_id], files)}
                  >
                    {info.name}
                  </a>
                </td>
                <td class="mono muted ellipsis" title={info.model_id}>
                  {info.model_id}
                </td>
                <td class="muted">
                  {(data?.metrics ?? [])
                    .filter((m) => !m.key.startsWith("system/"))
                    .slice(0, 3)
                    .map((m) => `${m.key} ${number(m.value)}`)
                    .join(", ")}
                </td>
                <td class="end">
                  {registeredAs(model).map(([name, version]) => (
                    <a
                      key={`${name}/${version}`}
                      class="chip"
                      href={href(["models", name, "versions", version])}
                    >
                      {name}, version {version}
                    </a>
                  ))}
                  <Button
                    label={`Register ${info.name}`}
                    icon="cube"
                    kind="quiet"
                    iconOnly
                    onClick={() => setRegistering(model)}
                  />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {registering && (
        <RegisterDialog
          what={{
            run: run_id,
            source: `models:/${registering.info.model_id}`,
            model: registering,
          }}
          onClose={() => setRegistering(null)}
        />
      )}
    </section>
  );
}
