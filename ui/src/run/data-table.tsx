/** Rows of data from a file. */

import { count, number } from "../format";

interface Props {
  head: string[];
  rows: unknown[][];
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return number(value, 7);
  if (typeof value === "object") {
    return JSON.stringify(value, (_, v) => (typeof v === "bigint" ? String(v) : v));
  }
  return String(value);
}

function isNumber(value: unknown): boolean {
  if (typeof value === "string") return value.trim() !== "" && !Number.isNaN(Number(value));
  return typeof value === "number" || typeof value === "bigint";
}

/** Whether all there is in a column are numbers, which stand better to the right. */
function holdsNumbers(rows: unknown[][], column: number): boolean {
  const present = rows.map((row) => row[column]).filter((v) => v !== null && v !== undefined);
  return present.length > 0 && present.every((value) => value === "" || isNumber(value));
}

export function DataTable({ head, rows }: Props) {
  const numeric = head.map((_, i) => holdsNumbers(rows, i));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys
    <div class="data-table" tabIndex={0} role="region" aria-label="Rows of the file">
      <table class="list dense">
        <thead>
          <tr>
            {head.map((name, i) => (
              <th key={i} class={numeric[i] ? "end" : ""}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={i} class="list-row">
              {row.map((value, j) => (
                <td key={j} class={numeric[j] ? "end num" : ""}>
                  {shown(value)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <p class="preview-note">
        {count(rows.length)} rows, {count(head.length)} columns
      </p>
    </div>
  );
}
