/** Things side by side, a row for each key; rows that differ are marked, the others can be hidden. */

import type { ComponentChildren } from "preact";

export interface DiffRow {
  key: string;
  values: (string | undefined)[];
  shown?: ComponentChildren[];
}

export function differs(row: DiffRow): boolean {
  return row.values.some((value) => value !== row.values[0]);
}

interface Props {
  title: string;
  rows: DiffRow[];
  onlyDifferent: boolean;
  numeric?: boolean;
}

export function Differences({ title, rows, onlyDifferent, numeric }: Props) {
  const shown = onlyDifferent ? rows.filter(differs) : rows;
  if (rows.length === 0) return null;
  return (
    <tbody>
      <tr class="diff-title">
        <th scope="rowgroup" colSpan={(rows[0]?.values.length ?? 0) + 1}>
          {title} <span class="muted">{shown.length}</span>
          {shown.length === 0 && <span class="muted"> all the same</span>}
        </th>
      </tr>
      {shown.map((row) => (
        <tr key={row.key} class={`list-row ${differs(row) ? "differs" : ""}`}>
          <th scope="row" class="mono ellipsis" title={row.key}>
            {row.key}
          </th>
          {row.values.map((value, i) => (
            <td
              key={i}
              class={`${numeric ? "num" : "mono"} ${value === undefined ? "none" : ""}`}
              title={value}
            >
              {row.shown?.[i] ?? value ?? "–"}
            </td>
          ))}
        </tr>
      ))}
    </tbody>
  );
}
