import { describe, expect, it } from "vitest";
import {
  asColumn,
  columnId,
  defaultColumns,
  keyTest,
  orderBy,
  parseColumn,
  parseSort,
  searchName,
  sortText,
} from "../src/runs/columns";

describe("columns", () => {
  it("survive the way through an address", () => {
    const id = columnId("metric", "a:b/c", "min");
    expect(parseColumn(id)).toEqual({ kind: "metric", field: "min", key: "a:b/c" });
    expect(asColumn(id)).toEqual({ kind: "metric", field: "min", key: "a:b/c" });
  });

  it("are refused when they are none", () => {
    expect(parseColumn("nonsense")).toBeUndefined();
    expect(parseColumn("metric:last:")).toBeUndefined();
  });

  it("are put in the words of the search language", () => {
    expect(searchName(columnId("metric", "val/loss", "min"))).toBe("metrics.`val/loss`.min");
    expect(searchName(columnId("metric", "loss"))).toBe("metrics.`loss`");
    expect(searchName(columnId("attribute", "duration"))).toBe("duration");
    expect(searchName(columnId("param", "a`b"))).toBe('params."a`b"');
  });

  it("sort both ways", () => {
    const sort = { id: columnId("metric", "loss", "max"), ascending: true };
    expect(parseSort(sortText(sort))).toEqual(sort);
    expect(orderBy(sort)).toEqual(["metrics.`loss`.max ASC"]);
    expect(orderBy(undefined)).toEqual([]);
  });

  it("begin with telling metrics and leave system metrics out", () => {
    const keys = { metrics: ["aaa", "system/cpu", "val/loss"], params: ["lr"], tags: [] };
    const ids = defaultColumns(keys);
    expect(ids.indexOf("metric:last:val/loss")).toBeLessThan(ids.indexOf("metric:last:aaa"));
    expect(ids).not.toContain("metric:last:system/cpu");
  });
});

describe("keyTest", () => {
  it("takes a regular expression", () => {
    expect(keyTest("^val/.*loss$")("val/x_loss")).toBe(true);
    expect(keyTest("^val/")("train/val/")).toBe(false);
  });

  it("takes what is no regular expression as plain text", () => {
    expect(keyTest("f1(")("macro_f1(test)")).toBe(true);
  });
});
