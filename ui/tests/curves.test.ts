import { describe, expect, it } from "vitest";
import { bestPoint, extent, grouped, lessIsBetter, smoothed } from "../src/charts/curves";

const floats = (...values: number[]) => Float64Array.from(values);

describe("smoothed", () => {
  it("leaves values alone without a weight", () => {
    const values = floats(1, 5, 2);
    expect(smoothed(values, 0)).toBe(values);
  });

  it("starts at the first value instead of being pulled to zero", () => {
    expect(smoothed(floats(10, 10, 10), 0.9)[0]).toBeCloseTo(10);
    expect(smoothed(floats(10, 10, 10), 0.9)[2]).toBeCloseTo(10);
  });

  it("is the debiased moving average", () => {
    const [, second] = smoothed(floats(0, 1), 0.5);
    // (0 * 0.5 + 1 * 0.5) / (1 - 0.5 ** 2)
    expect(second).toBeCloseTo(0.5 / 0.75);
  });

  it("keeps a gap a gap and goes on after it", () => {
    const result = smoothed(floats(1, Number.NaN, 1), 0.6);
    expect(result[1]).toBeNaN();
    expect(result[2]).toBeCloseTo(1);
  });
});

describe("grouped", () => {
  const a = { xs: floats(0, 1, 2), ys: floats(1, 2, 3) };
  const b = { xs: floats(0, 1, 2), ys: floats(3, 4, 5) };

  it("averages at each step, with the standard deviation around it", () => {
    const found = grouped([a, b], "std");
    expect([...found.mean]).toEqual([2, 3, 4]);
    expect([...found.low]).toEqual([1, 2, 3]);
    expect([...found.high]).toEqual([3, 4, 5]);
  });

  it("gives least and greatest as range", () => {
    const c = { xs: floats(0, 1, 2), ys: floats(2, 9, 2) };
    const found = grouped([a, b, c], "range");
    expect([...found.low]).toEqual([1, 2, 2]);
    expect([...found.high]).toEqual([3, 9, 5]);
  });

  it("compares runs logged at different steps in between their points", () => {
    const found = grouped([a, { xs: floats(0, 2), ys: floats(0, 4) }], "range");
    expect([...found.xs]).toEqual([0, 1, 2]);
    expect(found.mean[1]).toBeCloseTo((2 + 2) / 2);
  });

  it("counts a run only as far as it went", () => {
    const found = grouped([a, { xs: floats(0), ys: floats(5) }], "range");
    expect(found.mean[0]).toBe(3);
    expect(found.mean[2]).toBe(3);
    expect(found.high[2]).toBe(3);
  });

  it("leaves NaN out of the mean", () => {
    const found = grouped([a, { xs: floats(0, 1, 2), ys: floats(1, Number.NaN, 3) }], "std");
    expect(found.mean[1]).toBe(2);
  });
});

describe("points", () => {
  it("finds the best one by direction", () => {
    const points = { xs: floats(0, 1, 2), ys: floats(3, 1, 2) };
    expect(bestPoint(points, true)).toEqual({ x: 1, y: 1 });
    expect(bestPoint(points, false)).toEqual({ x: 0, y: 3 });
  });

  it("knows which metrics should fall", () => {
    expect(lessIsBetter("val/loss")).toBe(true);
    expect(lessIsBetter("val/accuracy")).toBe(false);
  });

  it("leaves what a logarithmic axis cannot show out of its range", () => {
    const line = { id: "a", label: "a", color: "", xs: floats(0, 1, 2), ys: floats(-1, 0.1, 10) };
    expect(extent([line], null, false, true).y).toEqual([0.1, 10]);
    expect(extent([line], [1, 1], false, false).y).toEqual([0.1, 0.1]);
  });
});
