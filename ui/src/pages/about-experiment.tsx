/** What is said about an experiment: description, ids, tags. */

import type { Experiment } from "../api/schema";
import { clock } from "../format";
import { Button, Copy, Empty } from "../parts/basics";
import { Facts } from "../parts/facts";
import { Markdown } from "../parts/markdown";
import { DESCRIPTION } from "./experiment-dialog";
import { shownTags } from "./experiments";

export function AboutExperiment({
  experiment,
  onEdit,
}: {
  experiment: Experiment;
  onEdit: () => void;
}) {
  const text = experiment.tags?.find((t) => t.key === DESCRIPTION)?.value;
  return (
    <div class="split">
      <section class="card grow">
        {text ? (
          <Markdown text={text} />
        ) : (
          <Empty title="No description yet" icon="file">
            <p>Say what is being tried here, and how to read the results.</p>
            <Button label="Write one" onClick={onEdit} />
          </Empty>
        )}
      </section>
      <aside class="card side">
        <Facts
          items={[
            ["Experiment ID", <Copied key="id" text={experiment.experiment_id} />],
            ["Created", clock(experiment.creation_time)],
            ["Changed", clock(experiment.last_update_time)],
            ["Artifacts", <Copied key="a" text={experiment.artifact_location} />],
            ...shownTags(experiment).map((t): [string, string] => [t.key, t.value]),
          ]}
        />
      </aside>
    </div>
  );
}

export function Copied({ text }: { text: string }) {
  return (
    <span class="copied">
      <span class="mono ellipsis" title={text}>
        {text}
      </span>
      <Copy text={text} />
    </span>
  );
}
