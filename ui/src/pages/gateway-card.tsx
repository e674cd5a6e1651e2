/** The routes of the gateway: what each serves, and how its model server is. */

import type { HealthReply } from "../api/schema";
import { count, number } from "../format";

const PART = "gateway route ";

/** Whether a part of the server is a route of the gateway. */
export function isRoute(part: string): boolean {
  return part.startsWith(PART);
}

export function GatewayCard({ health }: { health: HealthReply }) {
  const routes = Object.values(health.gateway);
  if (routes.length === 0) return null;
  return (
    <section class="card flush-card">
      <header class="card-head padded">
        <h2>Gateway</h2>
      </header>
      <table class="list dense">
        <thead>
          <tr>
            <th>Route</th>
            <th>Model</th>
            <th>Serving</th>
            <th class="end">Ping</th>
            <th>Breaker</th>
            <th class="end">Starts</th>
          </tr>
        </thead>
        <tbody>
          {routes.map((served) => {
            const part = health.parts[PART + served.route];
            const problem = served.problem || part?.problem;
            return (
              <tr key={served.route} class="list-row">
                <td class="wide-name">
                  <span class="status">
                    <i class={`dot ${part?.ok ? "ok" : "bad"}`} />
                    {served.route}
                  </span>
                </td>
                <td class="mono">{served.model_uri}</td>
                <td title={problem}>
                  {served.serving ? <span class="mono">{served.serving}</span> : served.state}
                  {problem && <span class="muted"> {problem}</span>}
                </td>
                <td class="end num">
                  {part?.ok ? `${number(part.seconds * 1000, 2)} ms` : "none"}
                </td>
                <td>{part?.breaker.replace("_", " ")}</td>
                <td class="end num">{count(served.starts ?? 0)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
