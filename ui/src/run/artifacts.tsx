/** The files of a run: a tree on the left, a preview of the chosen one on the right. */

import { useState } from "preact/hooks";
import { fileUrl, list, type Place } from "../api/artifacts";
import type { FileInfo, LoggedModel, RunInfo } from "../api/schema";
import { bytes } from "../format";
import { RegisterDialog } from "../models/register";
import type { Registrable } from "../models/registering";
import { Button, Empty, Failure, Loading, Snippet } from "../parts/basics";
import { Icon } from "../parts/icon";
import { useAsync } from "../state/async";
import { walk } from "../state/keyboard";
import { useLive } from "../state/live";
import { address, setQuery } from "../state/router";
import { Preview } from "./preview";

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

export function Artifacts({ info, models }: { info: RunInfo; models: LoggedModel[] }) {
  const run = info.run_id;
  const root = useAsync((signal) => list({ run }, "", signal), [run]);
  const query = address.value.query;
  const [file, model] = [query.get("file") ?? "", query.get("model") ?? ""];
  // A listing may be slow and dear: a run that goes on is looked at now and then.
  useLive(
    "run:",
    (topics) => {
      if (!topics || topics.some((topic) => topic.endsWith(`:${run}`))) root.reload();
    },
    5000,
  );
  if (root.error !== undefined && !root.data) {
    return <Failure error={root.error} retry={root.reload} />;
  }
  if (!root.data) return <Loading />;
  if (root.data.length === 0 && models.length === 0) return <NoArtifacts />;
  return (
    <div class="artifacts">
      <div class="file-tree" role="tree" aria-label="Artifacts" onKeyDown={onArrow}>
        <Branch place={{ run }} files={root.data} depth={0} chosen={model ? "" : file} />
        {models.map(({ info }) => (
          <Folder
            key={info.model_id}
            place={{ model: info.model_id }}
            path=""
            name={info.name}
            depth={0}
            chosen={model === info.model_id ? file : ""}
            begun={model === info.model_id}
          />
        ))}
      </div>
      <div class="file-view">
        {file ? (
          <Chosen
            key={`${model}/${file}`}
            run={info}
            path={file}
            model={models.find((known) => known.info.model_id === model)}
          />
        ) : (
          <Empty title="Choose a file" icon="file" />
        )}
      </div>
    </div>
  );
}

/** Arrows in the tree: up and down its rows, right and left to open and close a folder. */
function onArrow(event: KeyboardEvent): void {
  const opens = (event.target as HTMLElement).getAttribute("aria-expanded");
  if (event.key === "ArrowDown") walk(1);
  else if (event.key === "ArrowUp") walk(-1);
  else if (event.key === "ArrowRight" && opens === "false") (event.target as HTMLElement).click();
  else if (event.key === "ArrowLeft" && opens === "true") (event.target as HTMLElement).click();
  else return;
  event.preventDefault();
}

/** The model that an MLmodel file describes: a logged model, or a folder of the run. */
function registrable(run: RunInfo, path: string, model: LoggedModel | undefined): Registrable {
  if (model) return { run: run.run_id, source: `models:/${model.info.model_id}`, model };
  const folder = path.slice(0, -"/MLmodel".length);
  return { run: run.run_id, source: `${run.artifact_uri}${folder ? `/${folder}` : ""}` };
}

interface ChosenProps {
  run: RunInfo;
  path: string;
  model: LoggedModel | undefined;
}

function Chosen({ run, path, model }: ChosenProps) {
  const [registering, setRegistering] = useState(false);
  const place = model ? { model: model.info.model_id } : { run: run.run_id };
  return (
    <>
      <header class="file-head">
        <Icon name="file" size={14} />
        <span class="mono ellipsis grow">{path}</span>
        {nameOf(path) === "MLmodel" && (
          <Button label="Register" icon="cube" onClick={() => setRegistering(true)} />
        )}
        <a class="button plain" href={fileUrl(place, path)} download={nameOf(path)}>
          <Icon name="download" size={14} />
          Download
        </a>
      </header>
      <Preview place={place} path={path} />
      {registering && (
        <RegisterDialog
          what={registrable(run, path, model)}
          onClose={() => setRegistering(false)}
        />
      )}
    </>
  );
}

interface BranchProps {
  place: Place;
  files: FileInfo[];
  depth: number;
  chosen: string;
}

function Branch({ place, files, depth, chosen }: BranchProps) {
  return (
    <>
      {files.map((file) =>
        file.is_dir ? (
          <Folder key={file.path} place={place} path={file.path} depth={depth} chosen={chosen} />
        ) : (
          <button
            key={file.path}
            type="button"
            role="treeitem"
            aria-selected={file.path === chosen}
            class="file-row"
            style={{ paddingLeft: `${10 + depth * 16 + 18}px` }}
            onClick={() =>
              setQuery({ file: file.path, model: "model" in place ? place.model : undefined })
            }
          >
            <Icon name="file" size={13} />
            <span class="ellipsis grow">{nameOf(file.path)}</span>
            <span class="muted num">{bytes(Number(file.file_size ?? 0))}</span>
          </button>
        ),
      )}
    </>
  );
}

interface FolderProps {
  place: Place;
  path: string;
  /** What it is called if that is not in the path: a logged model, whose files it holds. */
  name?: string;
  depth: number;
  chosen: string;
  /** Whether it is open to begin with. */
  begun?: boolean;
}

function Folder(p: FolderProps) {
  const [open, setOpen] = useState(p.begun || (p.path !== "" && p.chosen.startsWith(`${p.path}/`)));
  return (
    <>
      <button
        type="button"
        role="treeitem"
        aria-expanded={open}
        aria-selected={false}
        class="file-row"
        style={{ paddingLeft: `${10 + p.depth * 16}px` }}
        onClick={() => setOpen(!open)}
      >
        <span class={`twist ${open ? "open" : ""}`}>
          <Icon name="chevron" size={12} />
        </span>
        <Icon name={p.name ? "cube" : "folder"} size={13} />
        <span class="ellipsis grow">{p.name ?? nameOf(p.path)}</span>
        {"model" in p.place && p.name && (
          <span class="muted mono" title={`Logged model ${p.place.model}`}>
            {p.place.model.slice(0, 10)}
          </span>
        )}
      </button>
      {open && <Opened {...p} />}
    </>
  );
}

function Opened({
  place,
  path,
  depth,
  chosen,
}: {
  place: Place;
  path: string;
  depth: number;
  chosen: string;
}) {
  const { data, error, reload } = useAsync((signal) => list(place, path, signal), [path]);
  if (error !== undefined) return <Failure error={error} retry={reload} />;
  if (!data) return <Loading />;
  return <Branch place={place} files={data} depth={depth + 1} chosen={chosen} />;
}

function NoArtifacts() {
  const code = `mlflow.log_artifact("model.pt")
mlflow.log_dict({"classes": 10}, "config.json")
mlflow.log_figure(figure, "confusion.png")`;
  return (
    <Empty title="No artifacts yet" icon="folder">
      <p>Files that the run logs appear here, with previews.</p>
      <Snippet code={code} />
    </Empty>
  );
}
