/** Images that several runs logged under the same name, next to each other. */

import { fileUrl, list, type Place } from "../api/artifacts";
import type { RunInfo } from "../api/schema";
import { Empty, Failure, Loading, Snippet } from "../parts/basics";
import { kindOf } from "../run/preview";
import { runColors } from "../runs/colors";
import { useAsync } from "../state/async";
import { address, setQuery } from "../state/router";
import { stepOf } from "./step";

const MOST_FOLDERS = 60;

/** Images of a run, folders included down to a sensible number of them. */
async function images(place: Place, signal: AbortSignal): Promise<string[]> {
  const found: string[] = [];
  const folders = [""];
  for (let i = 0; i < folders.length && i < MOST_FOLDERS; i++) {
    for (const file of await list(place, folders[i] ?? "", signal)) {
      if (file.is_dir) folders.push(file.path);
      else if (kindOf(file.path) === "image") found.push(file.path);
    }
  }
  return found;
}

export function CompareImages({ runs }: { runs: RunInfo[] }) {
  const ids = runs.map((run) => run.run_id);
  const { data, error, reload } = useAsync(
    (signal) => Promise.all(ids.map((id) => images({ run: id }, signal))),
    [ids.join()],
  );
  if (error !== undefined) return <Failure error={error} retry={reload} />;
  if (!data) return <Loading label="Looking for images" />;
  const names = [...new Set(data.flat().map((path) => stepOf(path).name))].sort();
  if (names.length === 0) {
    return (
      <Empty title="These runs logged no images" icon="file">
        <p>Images of the same name stand side by side here, step by step.</p>
        <Snippet code={'mlflow.log_image(image, key="sample", step=step)'} />
      </Empty>
    );
  }
  return (
    <div class="page-body">
      {names.map((name) => (
        <ImageRow key={name} name={name} runs={runs} found={data} />
      ))}
    </div>
  );
}

function ImageRow({ name, runs, found }: { name: string; runs: RunInfo[]; found: string[][] }) {
  const colors = runColors(runs.map((run) => run.run_id));
  const mine = found.map((paths) => paths.filter((path) => stepOf(path).name === name));
  const steps = [...new Set(mine.flat().map((path) => stepOf(path).step))].sort((a, b) => a - b);
  const wanted = Number(address.value.query.get("step") ?? Number.NaN);
  const last = steps.at(-1) ?? 0;
  const step = Number.isFinite(wanted) && steps.includes(wanted) ? wanted : last;
  return (
    <section class="card image-row">
      <header class="card-head">
        <h2 class="mono">{name}</h2>
        {steps.length > 1 && (
          <label class="slider">
            Step
            <input
              type="range"
              min="0"
              max={steps.length - 1}
              value={steps.indexOf(step)}
              onInput={(event) => setQuery({ step: String(steps[+event.currentTarget.value]) })}
            />
            <output>{step}</output>
          </label>
        )}
      </header>
      <div class="image-grid">
        {runs.map((run, i) => {
          const path = mine[i]?.find((p) => stepOf(p).step === step);
          return (
            <figure key={run.run_id}>
              {path ? (
                <img src={fileUrl({ run: run.run_id }, path)} alt={`${name} of ${run.run_name}`} />
              ) : (
                <div class="image-none">Not logged</div>
              )}
              <figcaption>
                <i class="swatch" style={{ background: colors.get(run.run_id) }} /> {run.run_name}
              </figcaption>
            </figure>
          );
        })}
      </div>
    </section>
  );
}
