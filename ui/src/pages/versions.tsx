/** Two versions of a model side by side. */

import { getVersion } from "../api/registry";
import type { KeyValue, ModelVersion, Run } from "../api/schema";
import { getRun } from "../api/tracking";
import { clock, number } from "../format";
import type { Signature } from "../models/signature";
import { Failure, Loading } from "../parts/basics";
import { Differences, type DiffRow } from "../parts/differences";
import { Head } from "../parts/head";
import { useAsync } from "../state/async";
import { useLive } from "../state/live";
import { address, href } from "../state/router";
import { signatureOfVersion } from "./version";

interface Side {
  version: ModelVersion;
  run: Run | null;
  signature: Signature | null;
}

async function load(name: string, version: string, signal: AbortSignal): Promise<Side> {
  const found = await getVersion(name, version, signal);
  const [run, signature] = await Promise.all([
    found.run_id ? getRun(found.run_id, signal).catch(() => null) : null,
    signatureOfVersion(found, signal),
  ]);
  return { version: found, run, signature };
}

/** A row for each key that any side has. */
export function rowsOf(sides: KeyValue[][]): DiffRow[] {
  const keys = [...new Set(sides.flatMap((side) => side.map((t) => t.key)))].sort();
  return keys.map((key) => ({
    key,
    values: sides.map((side) => side.find((t) => t.key === key)?.value),
  }));
}

function facts({ version }: Side): KeyValue[] {
  return [
    { key: "Stage", value: version.current_stage },
    { key: "Registered", value: clock(version.creation_timestamp) },
    { key: "By", value: version.user_id ?? "" },
    { key: "Description", value: version.description ?? "" },
    { key: "Source", value: version.source ?? "" },
  ];
}

function schema({ signature }: Side): KeyValue[] {
  const part = (prefix: string, fields: Signature["inputs"] = []) =>
    fields.map((f) => ({
      key: `${prefix} ${f.name}`,
      value: `${f.type}${f.required ? "" : ", optional"}`,
    }));
  return [...part("input", signature?.inputs), ...part("output", signature?.outputs)];
}

export function CompareVersionsPage({ name }: { name: string }) {
  const versions = address.value.query.getAll("v");
  const { data, error, reload } = useAsync(
    (signal) => Promise.all(versions.map((version) => load(name, version, signal))),
    [name, versions.join()],
  );
  useLive("models", reload);
  if (error !== undefined && !data)
    return <Failure error={error} retry={reload} instead={["All models", href(["models"])]} />;
  if (!data) return <Loading />;
  const metrics = data.map(
    (side) => side.run?.data.metrics?.map((m) => ({ key: m.key, value: number(m.value, 6) })) ?? [],
  );
  return (
    <>
      <Head
        title={`Versions ${versions.join(" and ")}`}
        crumbs={[
          ["Models", href(["models"])],
          [name, href(["models", name])],
        ]}
      />
      <div class="page-body flush">
        <div class="scroll">
          <table class="list dense diff">
            <thead>
              <tr>
                <th>
                  <span class="hidden">Key</span>
                </th>
                {data.map(({ version }) => (
                  <th key={version.version}>
                    <a class="link" href={href(["models", name, "versions", version.version])}>
                      Version {version.version}
                    </a>
                  </th>
                ))}
              </tr>
            </thead>
            <Differences title="Version" rows={rowsOf(data.map(facts))} onlyDifferent={false} />
            <Differences
              title="Tags"
              rows={rowsOf(data.map((s) => s.version.tags ?? []))}
              onlyDifferent={false}
            />
            <Differences title="Schema" rows={rowsOf(data.map(schema))} onlyDifferent={false} />
            <Differences
              title="Params of the run"
              rows={rowsOf(data.map((s) => s.run?.data.params ?? []))}
              onlyDifferent={false}
            />
            <Differences
              title="Metrics of the run"
              rows={rowsOf(metrics)}
              onlyDifferent={false}
              numeric
            />
          </table>
        </div>
      </div>
    </>
  );
}
