/** A canvas that follows its box, the screen's pixels and the theme. */

import { useEffect, useRef, useState } from "preact/hooks";
import { dark } from "../state/theme";
import type { Palette, Size } from "./paint";
import { palette } from "./palette";
import { CanvasSurface, type Surface, SvgSurface } from "./surface";

export interface Drawing {
  surface: Surface;
  size: Size;
  palette: Palette;
}

export function prepare(canvas: HTMLCanvasElement, size: Size): Drawing | undefined {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(size.width * ratio);
  canvas.height = Math.round(size.height * ratio);
  const g = canvas.getContext("2d");
  if (!g) return undefined;
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.clearRect(0, 0, size.width, size.height);
  const colors = palette();
  return { surface: new CanvasSurface(g, colors.font), size, palette: colors };
}

/** The size of an element's box, as it changes. */
export function useSize<T extends HTMLElement>() {
  const ref = useRef<T>(null);
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  useEffect(() => {
    const box = ref.current;
    if (!box) return;
    const observer = new ResizeObserver(() => {
      setSize({ width: box.clientWidth, height: box.clientHeight });
    });
    observer.observe(box);
    return () => observer.disconnect();
  }, []);
  return { ref, size };
}

type Draw = (drawing: Drawing) => void;

/** How what is on a canvas was drawn, to draw it once more as SVG. */
const drawn = new WeakMap<HTMLCanvasElement, { draw: Draw; size: Size }>();

export function svgOf(canvas: HTMLCanvasElement): string | undefined {
  const found = drawn.get(canvas);
  if (!found) return undefined;
  const { draw, size } = found;
  const colors = palette();
  const surface = new SvgSurface(size.width, size.height, colors.font, colors.background);
  draw({ surface, size, palette: colors });
  return surface.toString();
}

interface Props {
  label: string;
  size: Size;
  draw: Draw;
  deps: readonly unknown[];
  class?: string;
  canvasRef?: (canvas: HTMLCanvasElement | null) => void;
}

export function Canvas({ label, size, draw, deps, class: name, canvasRef }: Props) {
  const ref = useRef<HTMLCanvasElement | null>(null);
  const theme = dark.value;
  useEffect(() => {
    if (!ref.current || size.width === 0) return;
    const drawing = prepare(ref.current, size);
    if (drawing) draw(drawing);
    drawn.set(ref.current, { draw, size });
  }, [size.width, size.height, theme, ...deps]);
  return (
    <canvas
      ref={(canvas) => {
        ref.current = canvas;
        canvasRef?.(canvas);
      }}
      role="img"
      aria-label={label}
      class={name ?? ""}
      style={{ width: `${size.width}px`, height: `${size.height}px` }}
    />
  );
}
