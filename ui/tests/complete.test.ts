import { describe, expect, it } from "vitest";
import { complete } from "../src/runs/complete";

const keys = {
  metrics: ["loss", "val/loss", "top 5"],
  params: ["optimizer"],
  tags: ["team"],
};
const at = (text: string) => complete(text, text.length, keys);

describe("complete", () => {
  it("offers keys and attributes to begin with", () => {
    expect(at("").options).toContain("metrics.val/loss");
    expect(at("").options).toContain("status");
  });

  it("replaces the word at the caret", () => {
    const found = at("params.opt");
    expect(found.from).toBe(0);
    expect(found.options).toEqual(["params.optimizer"]);
  });

  it("finds a key by any part of it", () => {
    expect(at("opti").options).toEqual(["params.optimizer"]);
  });

  it("quotes a key only where it must", () => {
    expect(at("metrics.top").options).toContain("metrics.`top 5`");
  });

  it("offers operators that fit the kind of key", () => {
    expect(at("metrics.loss ").options).toContain("<=");
    expect(at("metrics.loss ").options).not.toContain("LIKE");
    expect(at("params.optimizer ").options).toContain("LIKE");
  });

  it("offers the statuses as values", () => {
    expect(at("status = ").options).toContain("'RUNNING'");
  });

  it("offers AND and OR after a comparison, then keys again", () => {
    expect(at("metrics.loss < 0.3 ").options).toEqual(["AND", "OR"]);
    expect(at("metrics.loss < 0.3 AND par").options).toEqual(["params.optimizer"]);
  });

  it("sees into parentheses", () => {
    expect(at("(params.opt").options).toEqual(["params.optimizer"]);
  });

  it("offers best values of a whole metric", () => {
    expect(at("metrics.loss").options).toContain("metrics.loss.min");
  });

  it("completes in the middle of a text", () => {
    const text = "params.opt = 'adam'";
    expect(complete(text, 10, keys).options).toEqual(["params.optimizer"]);
  });
});
