/** What a model takes and gives, as its MLmodel file says. */

export interface Field {
  name: string;
  type: string;
  required: boolean;
}

export interface Signature {
  inputs: Field[];
  outputs: Field[];
  params: Field[];
}

interface RawField {
  name?: string;
  type?: string;
  required?: boolean;
  "tensor-spec"?: { dtype: string; shape: number[] };
  dtype?: string;
}

function fieldsOf(text: string | undefined): Field[] {
  if (!text) return [];
  try {
    return (JSON.parse(text) as RawField[]).map((raw, i) => {
      const tensor = raw["tensor-spec"];
      const type = tensor
        ? `${tensor.dtype} [${tensor.shape.join(", ")}]`
        : (raw.type ?? raw.dtype);
      return { name: raw.name ?? `${i}`, type: type ?? "", required: raw.required ?? true };
    });
  } catch {
    return [];
  }
}

/** The signature from the text of an MLmodel file (YAML whose signature holds JSON texts, which
 * may be folded over several lines); null if it has none. */
export function signatureOf(text: string): Signature | null {
  const start = /^signature:\s*$/m.exec(text);
  if (!start) return null;
  const block = /^(?:[ \t]+.*\n?)*/.exec(text.slice(start.index + start[0].length + 1))?.[0] ?? "";
  const part = (name: string) => {
    const found = new RegExp(`^  ${name}: ('|")?([\\s\\S]*?)(?=^  \\w|(?![\\s\\S]))`, "m").exec(
      block,
    );
    const body = found?.[2]?.trim().replace(/\n\s+/g, " ") ?? "";
    if (found?.[1] === "'") return body.replace(/'\s*$/, "").replaceAll("''", "'");
    if (found?.[1] === '"') return body.replace(/"\s*$/, "").replaceAll('\\"', '"');
    return body === "null" ? "" : body;
  };
  return {
    inputs: fieldsOf(part("inputs")),
    outputs: fieldsOf(part("outputs")),
    params: fieldsOf(part("params")),
  };
}
