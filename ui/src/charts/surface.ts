/** What charts are drawn on: a canvas, or an SVG text when they are exported. */

export interface Stroke {
  color: string;
  width?: number;
  alpha?: number;
  dash?: number[];
}

export interface Surface {
  /** A line through (x, y) pixel pairs; NaN breaks it. */
  polyline: (points: Float32Array, stroke: Stroke) => void;
  /** The area enclosed by (x, y) pixel pairs. */
  area: (points: Float32Array, color: string, alpha: number) => void;
  rect: (
    x: number,
    y: number,
    width: number,
    height: number,
    color: string,
    alpha?: number,
  ) => void;
  circle: (x: number, y: number, radius: number, color: string, alpha?: number) => void;
  text: (x: number, y: number, text: string, style: TextStyle) => void;
  clip: (x: number, y: number, width: number, height: number, draw: () => void) => void;
}

export interface TextStyle {
  color: string;
  align?: "left" | "center" | "right";
  size?: number;
  rotate?: boolean;
  /** A colour around the letters, where they stand on lines. */
  halo?: string;
}

export class CanvasSurface implements Surface {
  constructor(
    private readonly g: CanvasRenderingContext2D,
    private readonly font: string,
  ) {}

  polyline(points: Float32Array, stroke: Stroke): void {
    const { g } = this;
    g.strokeStyle = stroke.color;
    g.lineWidth = stroke.width ?? 1;
    g.globalAlpha = stroke.alpha ?? 1;
    g.setLineDash(stroke.dash ?? []);
    g.lineJoin = "round";
    this.path(points);
    g.stroke();
    g.globalAlpha = 1;
  }

  area(points: Float32Array, color: string, alpha: number): void {
    this.g.fillStyle = color;
    this.g.globalAlpha = alpha;
    this.path(points);
    this.g.fill();
    this.g.globalAlpha = 1;
  }

  private path(points: Float32Array): void {
    const { g } = this;
    let open = false;
    g.beginPath();
    for (let i = 0; i < points.length; i += 2) {
      const x = points[i] as number;
      const y = points[i + 1] as number;
      if (Number.isNaN(y)) open = false;
      else if (open) g.lineTo(x, y);
      else {
        g.moveTo(x, y);
        open = true;
      }
    }
  }

  rect(x: number, y: number, width: number, height: number, color: string, alpha = 1): void {
    this.g.globalAlpha = alpha;
    this.g.fillStyle = color;
    this.g.fillRect(x, y, width, height);
    this.g.globalAlpha = 1;
  }

  circle(x: number, y: number, radius: number, color: string, alpha = 1): void {
    const { g } = this;
    g.globalAlpha = alpha;
    g.fillStyle = color;
    g.beginPath();
    g.arc(x, y, radius, 0, 7);
    g.fill();
    g.globalAlpha = 1;
  }

  text(x: number, y: number, text: string, style: TextStyle): void {
    const { g } = this;
    g.font = `${style.size ?? 11}px ${this.font}`;
    g.fillStyle = style.color;
    g.textAlign = style.align ?? "left";
    g.textBaseline = "middle";
    if (!style.rotate) {
      if (style.halo) {
        g.strokeStyle = style.halo;
        g.lineWidth = 3;
        g.setLineDash([]);
        g.strokeText(text, x, y);
      }
      g.fillText(text, x, y);
      return;
    }
    g.save();
    g.translate(x, y);
    g.rotate(-Math.PI / 2);
    g.fillText(text, 0, 0);
    g.restore();
  }

  clip(x: number, y: number, width: number, height: number, draw: () => void): void {
    this.g.save();
    this.g.beginPath();
    this.g.rect(x, y, width, height);
    this.g.clip();
    draw();
    this.g.restore();
  }
}

function escaped(text: string): string {
  return text.replace(/[<>&"]/g, (c) => `&#${c.charCodeAt(0)};`);
}

export class SvgSurface implements Surface {
  private parts: string[] = [];
  private clips = 0;

  constructor(
    private readonly width: number,
    private readonly height: number,
    private readonly font: string,
    private readonly background: string,
  ) {}

  polyline(points: Float32Array, stroke: Stroke): void {
    const dash = stroke.dash?.length ? ` stroke-dasharray="${stroke.dash.join(" ")}"` : "";
    this.parts.push(
      `<path d="${this.path(points)}" fill="none" stroke="${stroke.color}" stroke-width="${stroke.width ?? 1}" stroke-opacity="${stroke.alpha ?? 1}" stroke-linejoin="round"${dash}/>`,
    );
  }

  area(points: Float32Array, color: string, alpha: number): void {
    this.parts.push(`<path d="${this.path(points)}Z" fill="${color}" fill-opacity="${alpha}"/>`);
  }

  private path(points: Float32Array): string {
    let text = "";
    let open = false;
    for (let i = 0; i < points.length; i += 2) {
      const y = points[i + 1] as number;
      if (Number.isNaN(y)) open = false;
      else {
        text += `${open ? "L" : "M"}${(points[i] as number).toFixed(1)} ${y.toFixed(1)}`;
        open = true;
      }
    }
    return text;
  }

  rect(x: number, y: number, width: number, height: number, color: string, alpha = 1): void {
    this.parts.push(
      `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="${color}" fill-opacity="${alpha}"/>`,
    );
  }

  circle(x: number, y: number, radius: number, color: string, alpha = 1): void {
    this.parts.push(
      `<circle cx="${x}" cy="${y}" r="${radius}" fill="${color}" fill-opacity="${alpha}"/>`,
    );
  }

  text(x: number, y: number, text: string, style: TextStyle): void {
    const anchor = { left: "start", center: "middle", right: "end" }[style.align ?? "left"];
    const turn = style.rotate ? ` transform="rotate(-90 ${x} ${y})"` : "";
    const halo = style.halo ? ` stroke="${style.halo}" stroke-width="3" paint-order="stroke"` : "";
    this.parts.push(
      `<text x="${x}" y="${y}" fill="${style.color}" font-size="${style.size ?? 11}" text-anchor="${anchor}" dominant-baseline="middle"${turn}${halo}>${escaped(text)}</text>`,
    );
  }

  clip(x: number, y: number, width: number, height: number, draw: () => void): void {
    const id = `c${this.clips++}`;
    this.parts.push(
      `<clipPath id="${id}"><rect x="${x}" y="${y}" width="${width}" height="${height}"/></clipPath><g clip-path="url(#${id})">`,
    );
    draw();
    this.parts.push("</g>");
  }

  toString(): string {
    const { width, height } = this;
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${escaped(this.font)}"><rect width="${width}" height="${height}" fill="${this.background}"/>${this.parts.join("")}</svg>`;
  }
}
