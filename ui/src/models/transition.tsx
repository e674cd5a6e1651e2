/** Moving a version to another stage: at once, or by asking where the model wants approval. */

import { useState } from "preact/hooks";
import { requestTransition, transition } from "../api/registry";
import type { ModelVersion } from "../api/schema";
import { Field, FormDialog } from "../parts/dialog";
import { attempt } from "../state/toast";
import { STAGES } from "./stage";

interface Props {
  version: ModelVersion;
  approval: boolean;
  onClose: () => void;
  onDone: () => void;
}

export function TransitionDialog({ version, approval, onClose, onDone }: Props) {
  const [stage, setStage] = useState(
    version.current_stage === "Staging" ? "Production" : "Staging",
  );
  const [archive, setArchive] = useState(false);
  const [comment, setComment] = useState("");
  const asks = approval && stage === "Production";
  const submit = async () => {
    const { name, version: number } = version;
    const body = {
      name,
      version: number,
      stage,
      archive_existing_versions: archive,
      comment: comment.trim(),
    };
    const done = await attempt(
      asks ? "Approval requested" : `Version ${number} is now in ${stage}`,
      () => (asks ? requestTransition(body) : transition(body)),
    );
    if (done) onDone();
    return done;
  };
  return (
    <FormDialog
      title={`Move version ${version.version}`}
      action={asks ? "Ask for approval" : "Move"}
      onSubmit={submit}
      onClose={onClose}
    >
      <Field
        label="Stage"
        {...(asks ? { hint: "This model wants approval before Production" } : {})}
      >
        <select value={stage} onChange={(event) => setStage(event.currentTarget.value)}>
          {STAGES.filter((name) => name !== version.current_stage).map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </Field>
      {(stage === "Production" || stage === "Staging") && (
        <label class="check">
          <input
            type="checkbox"
            checked={archive}
            onChange={(event) => setArchive(event.currentTarget.checked)}
          />
          Archive the versions that are in {stage} now
        </label>
      )}
      <Field label="Comment" hint="Kept in the history">
        <textarea value={comment} onInput={(event) => setComment(event.currentTarget.value)} />
      </Field>
    </FormDialog>
  );
}
