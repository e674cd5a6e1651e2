/** How the server is: its parts, its database, what takes up room, its jobs. */

import { database, health, settings, storage } from "../api/operations";
import type { SettingReply } from "../api/schema";
import { bytes, count, number } from "../format";
import { Button, Failure, Loading, SearchField } from "../parts/basics";
import { Facts } from "../parts/facts";
import { Head } from "../parts/head";
import { Inline } from "../parts/markdown";
import { useAsync } from "../state/async";
import { useLive } from "../state/live";
import { address, href, setQuery } from "../state/router";
import { Copied } from "./about-experiment";
import { GatewayCard, isRoute } from "./gateway-card";

const KINDS: Record<string, string> = {
  sqlite: "SQLite",
  postgresql: "PostgreSQL",
  mysql: "MySQL or MariaDB",
};

export function OperationsPage() {
  return (
    <>
      <Head title="Operations" />
      <div class="page-body">
        <div class="stack">
          <Parts />
          <div class="columns">
            <DatabaseCard />
            <StorageCard />
          </div>
          <SettingsCard />
        </div>
      </div>
    </>
  );
}

function Parts() {
  const { data, error, reload } = useAsync((signal) => health(signal), []);
  if (error !== undefined) return <Failure error={error} retry={reload} />;
  if (!data) return <Loading />;
  const parts = Object.values(data.parts).filter((part) => !isRoute(part.name));
  return (
    <>
      <div class="tiles">
        <div class="card tile">
          <h2>Server</h2>
          <div class="tile-value">
            <i class={`dot ${data.status === "OK" ? "ok" : "bad"}`} />
            {data.status === "OK" ? "Healthy" : data.status === "DEGRADED" ? "Degraded" : "Down"}
          </div>
          <p class="muted">Milepost {data.version}</p>
        </div>
        {parts.map((part) => (
          <div key={part.name} class="card tile">
            <h2>{part.name[0]?.toUpperCase() + part.name.slice(1)}</h2>
            <div class="tile-value">
              <i class={`dot ${part.ok ? "ok" : "bad"}`} />
              {part.ok ? `${number(part.seconds * 1000, 2)} ms` : "Not answering"}
            </div>
            <p class="muted">
              {part.problem || (part.breaker === "closed" ? "Answers" : `Breaker ${part.breaker}`)}
            </p>
          </div>
        ))}
      </div>
      <GatewayCard health={data} />
    </>
  );
}

function DatabaseCard() {
  const { data, error, reload } = useAsync((signal) => database(signal), []);
  return (
    <section class="card">
      <header class="card-head">
        <h2>Database</h2>
      </header>
      {error !== undefined && <Failure error={error} retry={reload} />}
      {data && (
        <Facts
          items={[
            ["Kind", `${KINDS[data.kind] ?? data.kind} ${data.server_version}`],
            ["Size", bytes(data.bytes)],
            [
              "Schema",
              data.schema_version === data.wanted_schema_version
                ? `version ${data.schema_version}, up to date`
                : `version ${data.schema_version} of ${data.wanted_schema_version}`,
            ],
            ...Object.entries(data.counts).map(([name, value]): [string, string] => [
              name[0]?.toUpperCase() + name.slice(1).replaceAll("_", " "),
              count(value),
            ]),
            ["Artifacts", <Copied key="a" text={data.artifacts} />],
            ["Jobs", data.jobs.join(", ") || "none scheduled"],
          ]}
        />
      )}
    </section>
  );
}

function StorageCard() {
  const { data, error, reload } = useAsync((signal) => storage(signal), []);
  useLive("", reload, 10_000);
  const most = Math.max(1, ...(data ?? []).map((s) => s.bytes));
  return (
    <section class="card flush-card grow">
      <header class="card-head padded">
        <h2>Storage by experiment</h2>
      </header>
      {error !== undefined && <Failure error={error} retry={reload} />}
      {data && (
        <table class="list dense">
          <thead>
            <tr>
              <th>Experiment</th>
              <th class="end">Runs</th>
              <th class="end">In the trash</th>
              <th class="end">Files</th>
              <th class="end">Artifacts</th>
            </tr>
          </thead>
          <tbody>
            {data.map((item) => (
              <tr key={item.experiment_id} class="list-row">
                <td class="wide-name" title={item.name}>
                  <a class="link" href={href(["experiments", item.experiment_id])}>
                    {item.name}
                  </a>
                </td>
                <td class="end num">{count(item.runs)}</td>
                <td class="end num">{item.deleted_runs > 0 && count(item.deleted_runs)}</td>
                <td class="end num">{count(item.files)}</td>
                <td class="end num">
                  {bytes(item.bytes)}
                  <svg class="range" width="64" height="4" aria-hidden="true">
                    <rect width={Math.max(0.5, (item.bytes / most) * 64)} height="4" rx="2" />
                  </svg>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function SettingsCard() {
  const { data, error, reload } = useAsync((signal) => settings(signal), []);
  const query = address.value.query;
  const all = query.get("settings") === "all";
  const text = query.get("q") ?? "";
  const wanted = text.toLowerCase();
  const shown = (data ?? []).filter(
    (s) =>
      (all || s.changed || text) && `${s.name} ${s.key} ${s.help}`.toLowerCase().includes(wanted),
  );
  return (
    <section class="card flush-card">
      <header class="card-head padded">
        <h2 class="grow">Settings</h2>
        <SearchField
          value={text}
          placeholder="Search settings"
          onInput={(q) => setQuery({ q: q || undefined })}
        />
        <Button
          label="Also defaults"
          active={all}
          onClick={() => setQuery({ settings: all ? undefined : "all" })}
        />
      </header>
      {error !== undefined && <Failure error={error} retry={reload} />}
      {!data && error === undefined && <Loading />}
      {data && shown.length === 0 && (
        <p class="muted padded">{text ? "No setting matches" : "Everything is at its default"}</p>
      )}
      {shown.length > 0 && (
        <table class="list dense">
          <thead>
            <tr>
              <th>Setting</th>
              <th>Value</th>
              <th>What it does</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((setting) => (
              <tr key={setting.name} class="list-row">
                <td class="mono nowrap">{setting.key || setting.name}</td>
                <td class="mono wrap">{valueText(setting)}</td>
                <td class="muted wrap">
                  <Inline text={setting.help} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function valueText({ value }: SettingReply) {
  if (value === "" || value === null) return <span class="none">–</span>;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
