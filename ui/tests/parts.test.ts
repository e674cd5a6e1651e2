import { describe, expect, it } from "vitest";
import { compact, scale } from "../src/charts/scale";
import { continued } from "../src/charts/store";
import { stepOf } from "../src/compare/step";
import { ago, bytes, duration, number } from "../src/format";
import { signatureOf } from "../src/models/signature";
import { blocks, firstLine } from "../src/parts/markdown";
import { csvRows } from "../src/run/csv";

describe("format", () => {
  it("shows enough digits and no more", () => {
    expect(number(0.123456789)).toBe("0.12346");
    expect(number(0.5)).toBe("0.5");
    expect(number(1234567)).toBe("1,234,567");
    expect(number(0.0000012345)).toBe("1.234e-6");
    expect(number("NaN")).toBe("NaN");
    expect(number(null)).toBe("");
  });

  it("knows as infinite what MLflow keeps as the largest number", () => {
    expect(number(Number.MAX_VALUE)).toBe("∞");
    expect(number(-1.7976931348623157e308)).toBe("-∞");
    expect(number(1e300)).toBe("1e300");
    expect(compact(1.25e25)).toBe("1.25e25");
  });

  it("tells durations and times as people do", () => {
    expect(duration(950)).toBe("950 ms");
    expect(duration(65_000)).toBe("1m 05s");
    expect(duration(3 * 3600_000 + 120_000)).toBe("3h 02m");
    expect(ago(1000, 1000)).toBe("just now");
    expect(ago(0)).toBe("");
    expect(bytes(2048)).toBe("2.00 KB");
  });
});

describe("the first line of a description", () => {
  it("is without the marks that a heading, a list or emphasis has", () => {
    expect(firstLine("\n# Who **leaves**, by [ada](https://a.example)")).toBe("Who leaves, by ada");
    expect(firstLine("- `train.py` of snake_case")).toBe("train.py of snake_case");
    expect(firstLine("")).toBe("");
  });
});

describe("scale", () => {
  it("maps back what it maps", () => {
    for (const kind of ["number", "log"] as const) {
      const made = scale(kind, [1, 1000], [0, 300], 5);
      expect(made.toValue(made.toPixel(37))).toBeCloseTo(37);
    }
  });

  it("has round ticks within the range", () => {
    expect(scale("number", [0, 1], [0, 100], 5).ticks).toEqual([
      0, 0.2, 0.4, 0.6000000000000001, 0.8, 1,
    ]);
    expect(scale("log", [1, 1e4], [0, 100], 5).ticks).toEqual([1, 10, 100, 1000, 10000]);
  });

  it("makes room around a single value", () => {
    const made = scale("number", [5, 5], [0, 100], 5);
    expect(made.toPixel(5)).toBeCloseTo(50);
  });
});

describe("continued", () => {
  const curve = (steps: number[]) => ({
    run: "r",
    key: "k",
    size: steps.length,
    steps: Float64Array.from(steps),
    values: Float64Array.from(steps),
    times: null,
  });

  it("appends only what is beyond the last step", () => {
    expect([...continued(curve([0, 1, 2]), curve([2, 3])).steps]).toEqual([0, 1, 2, 3]);
  });

  it("changes nothing without news", () => {
    const old = curve([0, 1]);
    expect(continued(old, curve([1]))).toBe(old);
  });
});

describe("csvRows", () => {
  it("reads quotes, quotes in quotes and line ends in them", () => {
    expect(csvRows('a,"b ""c""","d\ne"\r\n1,2,3', ",", 10)).toEqual([
      ["a", 'b "c"', "d\ne"],
      ["1", "2", "3"],
    ]);
  });

  it("stops after enough rows and drops one that was cut off", () => {
    expect(csvRows("1\n2\n3\n", ",", 2)).toEqual([["1"], ["2"]]);
    expect(csvRows('1\n"cut off', ",", 9)).toEqual([["1"]]);
  });
});

describe("blocks", () => {
  it("joins lines of a paragraph and keeps code as it is", () => {
    const found = blocks("# T\n\na\nb\n\n```\nx = 1\n\ny\n```\n- i\n- j");
    expect(found.map((b) => b.kind)).toEqual(["h1", "p", "pre", "ul"]);
    expect(found[2]?.lines).toEqual(["x = 1", "", "y"]);
  });
});

describe("signatureOf", () => {
  it("reads JSON that YAML has folded", () => {
    const found = signatureOf(
      `flavors: {}\nsignature:\n  inputs: '[{"type": "double", "name": "a", "required": true},\n    {"type": "string", "name": "b", "required": false}]'\n  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1]}}]'\n  params: null\nrun_id: x\n`,
    );
    expect(found?.inputs).toEqual([
      { name: "a", type: "double", required: true },
      { name: "b", type: "string", required: false },
    ]);
    expect(found?.outputs[0]?.type).toBe("float64 [-1]");
    expect(found?.params).toEqual([]);
  });

  it("is null without a signature", () => {
    expect(signatureOf("flavors: {}\n")).toBeNull();
  });
});

describe("stepOf", () => {
  it("knows how clients name images", () => {
    expect(stepOf("images/dog%step%12%timestamp%1.png")).toEqual({ name: "images/dog", step: 12 });
    expect(stepOf("plots/epoch_7.png").step).toBe(7);
    expect(stepOf("confusion.png")).toEqual({ name: "confusion.png", step: 0 });
  });
});
