/** Create an experiment, or change its name and description. */

import { useState } from "preact/hooks";
import type { Experiment } from "../api/schema";
import { createExperiment, renameExperiment, setExperimentTag } from "../api/tracking";
import { Field, FormDialog } from "../parts/dialog";
import { go, href } from "../state/router";
import { attempt } from "../state/toast";

export const DESCRIPTION = "mlflow.note.content";

interface Props {
  experiment: Experiment | null;
  onClose: () => void;
  onDone: () => void;
}

export function ExperimentDialog({ experiment, onClose, onDone }: Props) {
  const before = experiment?.tags?.find((t) => t.key === DESCRIPTION)?.value ?? "";
  const [name, setName] = useState(experiment?.name ?? "");
  const [description, setDescription] = useState(before);
  const create = async () => {
    const tags = description ? [{ key: DESCRIPTION, value: description }] : [];
    const id = await createExperiment(name.trim(), tags);
    go(href(["experiments", id]));
  };
  const change = async (old: Experiment) => {
    const id = old.experiment_id;
    if (name.trim() !== old.name) await renameExperiment(id, name.trim());
    if (description !== before) await setExperimentTag(id, DESCRIPTION, description);
    onDone();
  };
  return (
    <FormDialog
      title={experiment ? "Rename or describe" : "New experiment"}
      action={experiment ? "Save" : "Create"}
      onClose={onClose}
      onSubmit={() =>
        attempt(experiment ? "Saved" : "Created", () =>
          experiment ? change(experiment) : create(),
        )
      }
    >
      <Field label="Name">
        <input
          class="text"
          required
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </Field>
      <Field label="Description" hint="Markdown">
        <textarea
          value={description}
          onInput={(event) => setDescription(event.currentTarget.value)}
        />
      </Field>
    </FormDialog>
  );
}
