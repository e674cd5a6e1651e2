/** What may come next in a filter text: keys, operators, values, AND and OR. */

import type { KeysReply } from "../api/schema";
import { quoted } from "./columns";

export interface Completion {
  /** Where in the text the completed word begins. */
  from: number;
  options: string[];
}

const ATTRIBUTES = [
  "status",
  "run_name",
  "start_time",
  "end_time",
  "duration",
  "user_id",
  "run_id",
];
const STATUSES = ["'RUNNING'", "'SCHEDULED'", "'FINISHED'", "'FAILED'", "'KILLED'"];
const NUMBER_OPS = ["=", "!=", "<", "<=", ">", ">=", "BETWEEN", "IS NULL", "IS NOT NULL"];
const TEXT_OPS = ["=", "!=", "LIKE", "ILIKE", "IN", "NOT LIKE", "IS NULL", "IS NOT NULL"];
const BEST = [".min", ".max", ".min_step", ".max_step"];
const NUMERIC = /^(metrics?\.|start_time|end_time|duration)/i;
const MOST = 50;

const TOKEN =
  /'(?:[^']|'')*'?|"[^"]*"?|[A-Za-z_]\w*\.(?:`[^`]*`?|"[^"]*"?|[\w./-]*)(?:\.\w*)?|[A-Za-z_]\w*|[-\d.eE+]+|[=<>!]+|[(),]/g;

interface Token {
  text: string;
  start: number;
  end: number;
}

function tokens(text: string): Token[] {
  return [...text.matchAll(TOKEN)].map((m) => ({
    text: m[0],
    start: m.index,
    end: m.index + m[0].length,
  }));
}

type Expect = "key" | "operator" | "value" | "joint";

const JOINTS = /^(and|or|not|\()$/i;
const OPERATORS = /^([=<>!]+|like|ilike|in|between|is)$/i;

/** What the grammar wants after the tokens before the caret. */
function expected(before: Token[]): { expect: Expect; key: string } {
  let expect: Expect = "key";
  let key = "";
  for (const { text } of before) {
    if (expect === "key" && !JOINTS.test(text)) {
      expect = "operator";
      key = text;
    } else if (expect === "operator" && OPERATORS.test(text)) {
      expect = "value";
    } else if (expect === "value" && !/^(not|in|like|ilike|between|\(|,)$/i.test(text)) {
      expect = "joint";
    } else if (expect === "joint" && JOINTS.test(text)) {
      expect = "key";
    }
  }
  return { expect, key };
}

function keyOptions(keys: KeysReply): string[] {
  return [
    ...ATTRIBUTES,
    ...keys.metrics.map((key) => `metrics.${name(key)}`),
    ...keys.params.map((key) => `params.${name(key)}`),
    ...keys.tags.map((key) => `tags.${name(key)}`),
  ];
}

/** A key as it stands in a filter: quoted only where it must be. */
function name(key: string): string {
  return /^[\w/-]+$/.test(key) ? key : quoted(key);
}

function plain(text: string): string {
  return text.replace(/[`"']/g, "").toLowerCase();
}

function choose(options: string[], typed: string): string[] {
  const wanted = plain(typed);
  const starting = options.filter((o) => plain(o).startsWith(wanted));
  const rest = options.filter((o) => !plain(o).startsWith(wanted) && plain(o).includes(wanted));
  return [...starting, ...rest].slice(0, MOST);
}

/** Options for the word at the caret; none where nothing can be suggested. */
export function complete(text: string, caret: number, keys: KeysReply): Completion {
  const all = tokens(text.slice(0, caret));
  const last = all.at(-1);
  const inside = last !== undefined && last.end === caret && !/^[(),=<>!]+$/.test(last.text);
  const before = inside ? all.slice(0, -1) : all;
  const typed = inside ? last.text : "";
  const from = inside ? last.start : caret;
  const { expect, key } = expected(before);
  const options = optionsFor(expect, key, typed, keys);
  const found = choose(options, typed);
  return { from, options: found.length === 1 && found[0] === typed ? [] : found };
}

function optionsFor(expect: Expect, key: string, typed: string, keys: KeysReply): string[] {
  if (expect === "operator") return NUMERIC.test(key) ? NUMBER_OPS : TEXT_OPS;
  if (expect === "joint") return ["AND", "OR"];
  if (expect === "value") return key === "status" ? STATUSES : [];
  const metric = keys.metrics.map((k) => `metrics.${name(k)}`).find((k) => k === typed);
  return metric ? [...BEST.map((field) => metric + field)] : [...keyOptions(keys), "NOT"];
}
