/** Which columns the runs table shows: search, tick, all of what was found at once. */

import { useMemo, useState } from "preact/hooks";
import type { KeysReply } from "../api/schema";
import { Button, SearchField } from "../parts/basics";
import { Popover } from "../parts/dialog";
import { columnLabel } from "./cells";
import { allColumns, keyTest, parseColumn } from "./columns";
import { setColumns } from "./state";

interface Props {
  keys: KeysReply;
  columns: string[];
  chosen: boolean;
}

const TITLES = { attribute: "Run", metric: "Metrics", param: "Params", tag: "Tags" };
const MOST_LISTED = 300;

function sameKey(a: string, b: string): boolean {
  const [x, y] = [parseColumn(a), parseColumn(b)];
  return x?.kind === y?.kind && x?.key === y?.key;
}

export function ColumnChooser({ keys, columns, chosen }: Props) {
  return (
    <Popover
      label="Columns"
      icon="columns"
      wide
      badge={chosen ? String(columns.length) : undefined}
    >
      {() => <Chooser keys={keys} columns={columns} />}
    </Popover>
  );
}

function Chooser({ keys, columns }: { keys: KeysReply; columns: string[] }) {
  const [text, setText] = useState("");
  const all = useMemo(() => allColumns(keys), [keys]);
  const found = useMemo(() => {
    const test = keyTest(text);
    return all.filter((id) => test(columnLabel(id)));
  }, [all, text]);
  const shown = new Set(columns.map((id) => keyOf(id)));
  const toggle = (id: string) => {
    if (shown.has(keyOf(id))) setColumns(columns.filter((c) => !sameKey(c, id)));
    else setColumns([...columns, id]);
  };
  const addAll = () => {
    setColumns([...columns, ...found.filter((id) => !shown.has(keyOf(id)))]);
  };
  const removeAll = () => {
    const gone = new Set(found.map(keyOf));
    setColumns(columns.filter((id) => !gone.has(keyOf(id))));
  };
  return (
    <>
      <div class="panel-head">
        <SearchField
          value={text}
          placeholder="Search (regular expressions work)"
          onInput={setText}
        />
      </div>
      <div class="panel-list">
        {(["attribute", "metric", "param", "tag"] as const).map((kind) => {
          const mine = found.filter((id) => parseColumn(id)?.kind === kind);
          if (mine.length === 0) return null;
          return (
            <fieldset key={kind}>
              <legend class="panel-title">
                {TITLES[kind]} · {mine.length}
              </legend>
              {mine.slice(0, MOST_LISTED).map((id) => (
                <label key={id} class="option">
                  <input
                    type="checkbox"
                    checked={shown.has(keyOf(id))}
                    onChange={() => toggle(id)}
                  />
                  <span class="ellipsis">{columnLabel(id)}</span>
                </label>
              ))}
            </fieldset>
          );
        })}
        {found.length === 0 && <div class="panel-title">No column matches</div>}
      </div>
      <div class="panel-foot">
        <Button label="Show all found" kind="quiet" onClick={addAll} />
        <Button label="Hide them" kind="quiet" onClick={removeAll} />
        <Button label="Reset" kind="quiet" onClick={() => setColumns([])} />
      </div>
    </>
  );
}

function keyOf(id: string): string {
  const ref = parseColumn(id);
  return `${ref?.kind}:${ref?.key}`;
}
