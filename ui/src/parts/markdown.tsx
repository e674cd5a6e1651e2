/** The Markdown people write in descriptions, straight to elements: no HTML is ever interpreted. */

import type { ComponentChildren } from "preact";

const INLINE =
  /(`[^`]+`)|(\*\*[^*]+\*\*)|(__[^_]+__)|(\*[^*\s][^*]*\*)|(\[[^\]]+\]\((?:https?:\/\/|#|mailto:|\/)[^)\s]*\))|(https?:\/\/[^\s<>)]+)/;

function inline(text: string): ComponentChildren[] {
  const parts: ComponentChildren[] = [];
  let rest = text;
  for (let match = INLINE.exec(rest); match; match = INLINE.exec(rest)) {
    if (match.index > 0) parts.push(rest.slice(0, match.index));
    parts.push(element(match[0], match));
    rest = rest.slice(match.index + match[0].length);
  }
  if (rest) parts.push(rest);
  return parts;
}

function element(text: string, match: RegExpExecArray): ComponentChildren {
  if (match[1]) return <code>{text.slice(1, -1)}</code>;
  if (match[2] || match[3]) return <strong>{inline(text.slice(2, -2))}</strong>;
  if (match[4]) return <em>{inline(text.slice(1, -1))}</em>;
  const split = /^\[(.+)\]\((.+)\)$/.exec(text);
  return (
    <a href={split?.[2] ?? text} rel="noreferrer" target="_blank">
      {split?.[1] ?? text}
    </a>
  );
}

interface Block {
  kind: "p" | "ul" | "ol" | "pre" | "quote" | "table" | "rule" | "h1" | "h2" | "h3";
  lines: string[];
}

function kindOf(line: string): Block["kind"] {
  const heading = /^(#{1,6})\s/.exec(line);
  if (heading) return `h${Math.min(3, heading[1]?.length ?? 1)}` as "h1";
  if (/^\s*[-*+]\s/.test(line)) return "ul";
  if (/^\s*\d+[.)]\s/.test(line)) return "ol";
  if (/^>\s?/.test(line)) return "quote";
  if (/^\s*\|.*\|\s*$/.test(line)) return "table";
  if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) return "rule";
  return "p";
}

export function blocks(text: string): Block[] {
  const found: Block[] = [];
  let inCode = false;
  let joins = false;
  for (const line of text.split(/\r?\n/)) {
    const last = found.at(-1);
    if (/^\s*```/.test(line)) {
      inCode = !inCode;
      if (inCode) found.push({ kind: "pre", lines: [] });
      joins = false;
    } else if (inCode) {
      last?.lines.push(line);
    } else if (!line.trim()) {
      joins = false;
    } else {
      const kind = kindOf(line);
      if (joins && last?.kind === kind && !kind.startsWith("h")) last.lines.push(line);
      else found.push({ kind, lines: [line] });
      joins = true;
    }
  }
  return found;
}

function cells(line: string): string[] {
  return line
    .trim()
    .replace(/^\||\|$/g, "")
    .split("|");
}

function shown({ kind, lines }: Block): ComponentChildren {
  const items = (marker: RegExp) =>
    lines.map((line, i) => <li key={i}>{inline(line.replace(marker, ""))}</li>);
  switch (kind) {
    case "pre":
      return <pre>{lines.join("\n")}</pre>;
    case "ul":
      return <ul>{items(/^\s*[-*+]\s/)}</ul>;
    case "ol":
      return <ol>{items(/^\s*\d+[.)]\s/)}</ol>;
    case "quote":
      return <blockquote>{inline(lines.map((l) => l.replace(/^>\s?/, "")).join(" "))}</blockquote>;
    case "rule":
      return <hr />;
    case "table":
      return (
        <table>
          <tbody>
            {lines
              .filter((line) => !/^[\s|:-]+$/.test(line))
              .map((line, i) => (
                <tr key={i}>
                  {cells(line).map((cell, j) => (
                    <td key={j}>{inline(cell.trim())}</td>
                  ))}
                </tr>
              ))}
          </tbody>
        </table>
      );
    case "p":
      return <p>{inline(lines.join(" "))}</p>;
    default: {
      const Heading = kind === "h1" ? "h2" : kind === "h2" ? "h3" : "h4";
      return <Heading>{inline(lines[0]?.replace(/^#+\s/, "") ?? "")}</Heading>;
    }
  }
}

/** Text with the marks within a line only. */
export function Inline({ text }: { text: string }) {
  return <>{inline(text)}</>;
}

/** The first line without marks, for where there is room for one. */
export function firstLine(text: string): string {
  const line = text.split("\n").find((part) => part.trim()) ?? "";
  return line
    .replace(/^\s*(#{1,6}|[-*+>])\s+/, "")
    .replace(/\[([^\]]+)\]\([^)]*\)/g, "$1")
    .replace(/(\*\*|__|`)/g, "")
    .trim();
}

export function Markdown({ text }: { text: string }) {
  return (
    <div class="markdown">
      {blocks(text).map((block, i) => (
        <div key={i}>{shown(block)}</div>
      ))}
    </div>
  );
}
