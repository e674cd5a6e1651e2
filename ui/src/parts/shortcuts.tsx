/** The list that `?` shows. */

import { Fragment } from "preact";
import { shortcuts } from "../state/keyboard";
import { Dialog } from "./dialog";

export function ShortcutList({ onClose }: { onClose: () => void }) {
  const shown = [...new Map(shortcuts.value.map((s) => [s.keys, s])).values()];
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose}>
      <div class="keys">
        {shown.map((s) => (
          <Fragment key={s.keys}>
            <span>
              {s.keys.split(" ").map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </span>
            <span>{s.label}</span>
          </Fragment>
        ))}
      </div>
    </Dialog>
  );
}
