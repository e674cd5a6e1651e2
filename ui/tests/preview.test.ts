import { describe, expect, it } from "vitest";
import { arranged } from "../src/charts/order";
import { hostsOf, withScript } from "../src/run/html";
import { registeredAs, sourceOf } from "../src/run/origin";

describe("a logged HTML file", () => {
  const figure =
    '<p>a</p><script src="https://cdn.plot.ly/plotly-2.27.0.min.js" charset="utf-8"></script><p>b</p>';

  it("gets Plotly's script inside, whatever that holds", () => {
    expect(withScript(figure, 'x = "</script>$&"')).toBe(
      '<p>a</p><script>x = "<\\/script>$&"</script><p>b</p>',
    );
  });

  it("names the hosts it wants parts from, not those it links to", () => {
    expect(hostsOf(figure)).toEqual(["cdn.plot.ly"]);
    const other =
      '<a href="https://a.example/">x</a><img src="//b.example/i.png"><script src="https://b.example/s.js"></script>';
    expect(hostsOf(other)).toEqual(["b.example"]);
    expect(hostsOf("<img src='data:image/png;base64,'>")).toEqual([]);
  });
});

describe("what a run read and made", () => {
  it("says where data came from in whatever form clients write it", () => {
    expect(sourceOf('{"uri": "s3://b/users"}')).toBe("s3://b/users");
    expect(sourceOf('{"tags": {"mlflow.source.name": "train.py"}}')).toBe("train.py");
    expect(sourceOf("s3://plain")).toBe("s3://plain");
    expect(sourceOf(undefined)).toBe("");
  });

  it("names each registered version once", () => {
    const value = '[{"name": "a", "version": 1}, {"name": "a", "version": "1"}]';
    const tags = [{ key: "mlflow.modelVersions", value }];
    expect(registeredAs({ info: { tags } })).toEqual([["a", "1"]]);
    expect(registeredAs({ info: {} })).toEqual([]);
  });
});

describe("sections of charts", () => {
  it("are the prefixes that several metrics share; telling names come first", () => {
    Object.assign(globalThis, { localStorage: { getItem: () => null } });
    const keys = ["a/x", "lone/y", "system/cpu", "z", "a/loss", "b"];
    expect(arranged("1", keys)).toEqual([
      ["", ["b", "lone/y", "z"]],
      ["a", ["a/loss", "a/x"]],
      ["system", ["system/cpu"]],
    ]);
  });
});
