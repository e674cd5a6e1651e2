/** Moves that wait for somebody's approval. */

import { useState } from "preact/hooks";
import { decide } from "../api/registry";
import type { TransitionReply } from "../api/schema";
import { ago } from "../format";
import { Button } from "../parts/basics";
import { Field, FormDialog } from "../parts/dialog";
import { attempt } from "../state/toast";

interface Decision {
  request: TransitionReply;
  approve: boolean;
}

export function Requests({
  requests,
  onDone,
}: {
  requests: TransitionReply[];
  onDone: () => void;
}) {
  const [decision, setDecision] = useState<Decision | null>(null);
  if (requests.length === 0) return null;
  return (
    <section class="card notice">
      {requests.map((request) => (
        <div key={request.id} class="request">
          <div class="grow">
            <b>{request.requested_by || "Someone"}</b> asks to move version {request.version} to{" "}
            <b>{request.to_stage}</b> <span class="muted">{ago(request.requested)}</span>
            {request.comment && <blockquote>{request.comment}</blockquote>}
          </div>
          <Button label="Reject" onClick={() => setDecision({ request, approve: false })} />
          <Button
            label="Approve"
            kind="primary"
            onClick={() => setDecision({ request, approve: true })}
          />
        </div>
      ))}
      {decision && (
        <DecisionDialog {...decision} onClose={() => setDecision(null)} onDone={onDone} />
      )}
    </section>
  );
}

function DecisionDialog(p: Decision & { onClose: () => void; onDone: () => void }) {
  const [comment, setComment] = useState("");
  const submit = async () => {
    const text = p.approve ? "Approved" : "Rejected";
    const done = await attempt(text, () => decide(p.request.id, p.approve, comment.trim()));
    if (done) p.onDone();
    return done;
  };
  return (
    <FormDialog
      title={`${p.approve ? "Approve" : "Reject"} version ${p.request.version} for ${p.request.to_stage}`}
      action={p.approve ? "Approve" : "Reject"}
      danger={!p.approve}
      onSubmit={submit}
      onClose={p.onClose}
    >
      <Field label="Comment" hint="Kept in the history">
        <textarea value={comment} onInput={(event) => setComment(event.currentTarget.value)} />
      </Field>
    </FormDialog>
  );
}
