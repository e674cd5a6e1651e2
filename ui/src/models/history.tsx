/** Who changed what of a model, when, and why. */

import { historyOf } from "../api/registry";
import type { ChangeReply } from "../api/schema";
import { ago, clock } from "../format";
import { Button, Empty } from "../parts/basics";
import type { Page } from "../state/pages";
import { usePages } from "../state/pages";

interface Props {
  name: string;
  /** "" for the model with all its versions. */
  version: string;
  first: Page<ChangeReply>;
}

export function History({ name, version, first }: Props) {
  const older = (token: string) => historyOf(name, version, token);
  const { items: entries, next, loadMore } = usePages(first, older);
  if (entries.length === 0) return <Empty title="Nothing has changed yet" icon="history" />;
  return (
    <>
      <ol class="timeline">
        {entries.map((entry) => (
          <li key={entry.id}>
            <div class="timeline-line">
              <b>{entry.actor || "someone"}</b> <span>{said(entry)}</span>
              {!version && entry.version && <span class="chip">version {entry.version}</span>}
              <span class="muted nowrap" title={clock(entry.timestamp)}>
                {" "}
                {ago(entry.timestamp)}
              </span>
            </div>
            {entry.comment && <blockquote>{entry.comment}</blockquote>}
          </li>
        ))}
      </ol>
      {next && <Button label="Show older changes" kind="quiet" onClick={loadMore} />}
    </>
  );
}

const WORDS: Record<string, string> = {
  "stage.changed": "moved it",
  "stage.requested": "asked for a move",
  "stage.approved": "approved the move",
  "stage.rejected": "rejected the move",
  "alias.set": "set the alias",
  "alias.deleted": "removed the alias",
  "version.tag.set": "set the tag",
  "version.tag.deleted": "removed the tag",
  "version.deleted": "deleted it",
  "version.described": "described it",
  "model.created": "created the model",
  "model.renamed": "renamed the model",
  "model.described": "described the model",
  "model.deleted": "moved the model to the trash",
  "model.restored": "brought the model back from the trash",
  "model.approval": "set whether Production needs approval",
  "model.tag.set": "set the tag",
  "model.tag.deleted": "removed the tag",
};

/** An entry in words. */
export function said(entry: ChangeReply): string {
  if (entry.action === "version.created") return "registered it";
  const action = WORDS[entry.action] ?? entry.action.replaceAll(".", " ");
  const subject = entry.subject ? ` ${entry.subject}` : "";
  const { old_value: before, new_value: now } = entry;
  if (before && now) return `${action}${subject}: ${short(before)} → ${short(now)}`;
  if (now) return `${action}${subject}: ${short(now)}`;
  if (before) return `${action}${subject}, was ${short(before)}`;
  return `${action}${subject}`;
}

function short(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
