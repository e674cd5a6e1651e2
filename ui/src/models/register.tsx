/** Registers a model that a run made as a version of a registered one. */

import { useState } from "preact/hooks";
import { searchModels } from "../api/registry";
import { Field, FormDialog } from "../parts/dialog";
import { useAsync } from "../state/async";
import { go, href } from "../state/router";
import { attempt } from "../state/toast";
import { type Registrable, register } from "./registering";

export function RegisterDialog({ what, onClose }: { what: Registrable; onClose: () => void }) {
  const [name, setName] = useState("");
  const known = useAsync((signal) => searchModels("", "", signal), []);
  const save = async () => {
    let version = "";
    const done = await attempt("Registered", async () => {
      version = await register(name.trim(), what);
    });
    if (done) go(href(["models", name.trim(), "versions", version]));
    return done;
  };
  return (
    <FormDialog title="Register the model" action="Register" onSubmit={save} onClose={onClose}>
      <Field label="Name" hint="A model that exists gets a new version; else it is made.">
        <input
          class="text"
          required
          list="registered-models"
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </Field>
      <datalist id="registered-models">
        {known.data?.items.map((model) => (
          <option key={model.name} value={model.name} />
        ))}
      </datalist>
    </FormDialog>
  );
}
