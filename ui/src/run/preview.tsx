/** What can be seen of a file without downloading it. */

import { fileUrl, type Place, read, readText } from "../api/artifacts";
import { bytes } from "../format";
import { Empty, Failure, Loading } from "../parts/basics";
import { Markdown } from "../parts/markdown";
import { useAsync } from "../state/async";
import { csvRows } from "./csv";
import { DataTable } from "./data-table";
import { Html } from "./html";

const MOST_TEXT = 512 * 1024;
const MOST_PARQUET = 32 * 1024 * 1024;
const MOST_ROWS = 1000;

const KINDS: [RegExp, Kind][] = [
  [/\.(png|jpe?g|gif|webp|bmp|svg|avif|ico)$/i, "image"],
  [/\.(wav|mp3|ogg|flac|m4a|opus)$/i, "audio"],
  [/\.(mp4|webm|mov)$/i, "video"],
  [/\.html?$/i, "html"],
  [/\.(csv|tsv)$/i, "csv"],
  [/\.parquet$/i, "parquet"],
  [/\.json$/i, "json"],
  [/\.(md|markdown)$/i, "markdown"],
  [/\.(pkl|pt|pth|bin|npy|npz|h5|onnx|zip|gz|tar|whl|joblib|safetensors|pb|so|db|pdf)$/i, "none"],
];

type Kind =
  | "image"
  | "audio"
  | "video"
  | "html"
  | "csv"
  | "parquet"
  | "json"
  | "markdown"
  | "none"
  | "text";

export function kindOf(path: string): Kind {
  return KINDS.find(([pattern]) => pattern.test(path))?.[1] ?? "text";
}

interface Props {
  place: Place;
  path: string;
}

export function Preview({ place, path }: Props) {
  switch (kindOf(path)) {
    case "image":
      return (
        <div class="preview-image">
          <img src={fileUrl(place, path)} alt={path} />
        </div>
      );
    case "audio":
      // biome-ignore lint/a11y/useMediaCaption: logged sounds have none
      return <audio class="preview-media" controls src={fileUrl(place, path)} />;
    case "video":
      // biome-ignore lint/a11y/useMediaCaption: logged films have none
      return <video class="preview-media" controls src={fileUrl(place, path)} />;
    case "html":
      return <Html place={place} path={path} />;
    case "parquet":
      return <Parquet place={place} path={path} />;
    case "none":
      return <Empty title="No preview for this kind of file" icon="file" />;
    default:
      return <Text place={place} path={path} />;
  }
}

function Text({ place, path }: Props) {
  const { data, error, reload } = useAsync(
    (signal) => readText(place, path, MOST_TEXT, signal),
    [path],
  );
  if (error !== undefined) return <Failure error={error} retry={reload} />;
  if (!data) return <Loading />;
  const { text, whole } = data;
  if (text.includes("\u0000")) return <Empty title="No preview of binary files" icon="file" />;
  const kind = kindOf(path);
  const note = whole ? null : <p class="preview-note">The first {bytes(MOST_TEXT)} of the file</p>;
  if (kind === "csv") {
    const rows = csvRows(text, path.endsWith(".tsv") ? "\t" : ",", MOST_ROWS + 1);
    return (
      <>
        <DataTable head={rows[0] ?? []} rows={rows.slice(1)} />
        {note}
      </>
    );
  }
  const table = kind === "json" && whole ? loggedTable(text) : undefined;
  if (table) return <DataTable head={table.columns} rows={table.data.slice(0, MOST_ROWS)} />;
  if (kind === "markdown") {
    return (
      <div class="preview-text">
        <Markdown text={text} />
      </div>
    );
  }
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys */}
      <pre class="preview-text" tabIndex={0}>
        {kind === "json" && whole ? indented(text) : text}
      </pre>
      {note}
    </>
  );
}

function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** The form in which mlflow.log_table writes its JSON. */
function loggedTable(text: string): { columns: string[]; data: unknown[][] } | undefined {
  try {
    const found = JSON.parse(text) as { columns?: string[]; data?: unknown[][] };
    if (!Array.isArray(found.columns) || !Array.isArray(found.data)) return undefined;
    return { columns: found.columns, data: found.data };
  } catch {
    return undefined;
  }
}

function Parquet({ place, path }: Props) {
  const { data, error, reload } = useAsync(
    async (signal) => {
      const { parquetReadObjects } = await import("hyparquet");
      const { data, whole } = await read(place, path, MOST_PARQUET, signal);
      if (!whole)
        throw new Error(`Larger than ${bytes(MOST_PARQUET)}: download it to look inside.`);
      return parquetReadObjects({ file: data, rowEnd: MOST_ROWS });
    },
    [path],
  );
  if (error !== undefined) return <Failure error={error} retry={reload} />;
  if (!data) return <Loading />;
  const head = Object.keys(data[0] ?? {});
  return <DataTable head={head} rows={data.map((row) => head.map((name) => row[name]))} />;
}
