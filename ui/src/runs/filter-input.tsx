/** The filter line: completes as one types, shows below itself what the server did not like. */

import { useRef, useState } from "preact/hooks";
import type { KeysReply } from "../api/schema";
import { Icon } from "../parts/icon";
import { type Completion, complete } from "./complete";

interface Props {
  value: string;
  keys: KeysReply;
  error: string;
  onChange: (value: string) => void;
}

const NONE: Completion = { from: 0, options: [] };

export function FilterInput({ value, keys, error, onChange }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(value);
  const [completion, setCompletion] = useState<Completion>(NONE);
  const [choice, setChoice] = useState(-1);
  // The address may change this text from elsewhere; what it only echoes must not undo typing.
  const seen = useRef(value);
  const sent = useRef(value);
  if (value !== seen.current) {
    if (value !== sent.current) setText(value);
    seen.current = value;
    sent.current = value;
  }
  const send = (next: string) => {
    sent.current = next;
    onChange(next);
  };
  const suggest = (typed: string) => {
    const caret = input.current?.selectionStart ?? typed.length;
    setCompletion(complete(typed, caret, keys));
    setChoice(-1);
  };
  const close = () => setCompletion(NONE);
  const accept = (option: string) => {
    const box = input.current;
    const caret = box?.selectionStart ?? text.length;
    const head = `${text.slice(0, completion.from)}${option} `;
    const next = head + text.slice(caret).trimStart();
    if (box) {
      // At once, not with the next render: the key that follows must find its place.
      box.value = next;
      box.focus();
      box.setSelectionRange(head.length, head.length);
    }
    setText(next);
    setCompletion(complete(next, head.length, keys));
    setChoice(-1);
  };
  const submit = () => {
    close();
    send(text.trim());
  };
  const onKey = (event: KeyboardEvent) => {
    const size = completion.options.length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (size === 0) return suggest(text);
      const by = event.key === "ArrowDown" ? 1 : -1;
      setChoice((choice + by + size) % size);
    } else if ((event.key === "Enter" || event.key === "Tab") && completion.options[choice]) {
      event.preventDefault();
      accept(completion.options[choice] ?? "");
    } else if (event.key === "Tab" && completion.options[0] && size < 50) {
      event.preventDefault();
      accept(completion.options[0]);
    } else if (event.key === "Enter") {
      submit();
    } else if (event.key === "Escape") {
      if (size > 0) close();
      else input.current?.blur();
    }
  };
  const open = completion.options.length > 0;
  return (
    <div class="filter">
      <label class={`search wide ${error ? "bad" : ""}`}>
        <Icon name="filter" size={14} />
        <input
          id="search"
          ref={input}
          class="mono"
          value={text}
          placeholder="metrics.loss < 0.3 AND params.optimizer = 'adam'"
          aria-label="Filter runs"
          role="combobox"
          aria-expanded={open}
          aria-controls="filter-options"
          aria-invalid={error !== ""}
          aria-autocomplete="list"
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => {
            setText(event.currentTarget.value);
            suggest(event.currentTarget.value);
          }}
          onFocus={() => suggest(text)}
          onClick={() => suggest(text)}
          onBlur={() => {
            close();
            if (text.trim() !== value) send(text.trim());
          }}
          onKeyDown={onKey}
        />
        {text && (
          <button
            type="button"
            class="clear"
            aria-label="Clear the filter"
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => {
              setText("");
              send("");
            }}
          >
            <Icon name="close" size={12} />
          </button>
        )}
      </label>
      {open && (
        <div
          class="popover options"
          role="listbox"
          id="filter-options"
          aria-label="Suggestions"
          tabIndex={-1}
          // Keeps the focus in the field, also when the list is scrolled.
          onMouseDown={(event) => event.preventDefault()}
        >
          {completion.options.map((option, i) => (
            <div
              key={option}
              role="option"
              aria-selected={i === choice}
              class={`option mono ${i === choice ? "chosen" : ""}`}
              onMouseDown={() => accept(option)}
            >
              {option}
            </div>
          ))}
        </div>
      )}
      {error && (
        <div class="filter-error" role="alert">
          {error}
        </div>
      )}
    </div>
  );
}
