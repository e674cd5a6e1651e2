/** The icons, as strokes on a 16 pixel grid. */

const PATHS = {
  flask: "M6.5 2h3M7 2v4L3.2 12.4A1.1 1.1 0 0 0 4.1 14h7.8a1.1 1.1 0 0 0 .9-1.6L9 6V2M5 10h6",
  cube: "M8 1.8 13.5 5v6L8 14.2 2.5 11V5L8 1.8ZM2.5 5 8 8.2 13.5 5M8 8.2v6",
  trash: "M2.5 4h11M6 4V2.5h4V4M4 4l.7 9.5h6.6L12 4M6.8 7v4M9.2 7v4",
  pulse: "M1.5 8h3L6.5 3l3 10 2-5h3",
  sun: "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1",
  moon: "M13.5 9.5A6 6 0 0 1 6.5 2.5 6 6 0 1 0 13.5 9.5Z",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9ZM10.3 10.3 14 14",
  plus: "M8 3v10M3 8h10",
  close: "M4 4l8 8M12 4l-8 8",
  check: "M3 8.5 6.5 12 13 4.5",
  chevron: "M6 4l4 4-4 4",
  down: "M4 6l4 4 4-4",
  up: "M4 10l4-4 4 4",
  columns: "M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10",
  table: "M2.5 3h11v10h-11zM2.5 6.3h11M2.5 9.7h11",
  chart: "M2.5 2.5v11h11M5 10.5 7.5 7 10 9l3.5-5",
  group: "M3 3.5h10M5 8h8M7 12.5h6",
  tree: "M3 2.5v9a1 1 0 0 0 1 1h3M3 6h4M9 5h4.5v2H9zM9 11.5h4.5v2H9z",
  pin: "M6 2h4l-.6 4.5L12 9H4l2.6-2.5L6 2ZM8 9v5",
  star: "M8 2l1.8 3.9 4.2.5-3.1 2.9.8 4.2L8 11.4l-3.7 2.1.8-4.2L2 6.4l4.2-.5L8 2Z",
  tag: "M2.5 2.5h5.2L14 8.8 8.8 14 2.5 7.7zM5.3 5.3h.01",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  copy: "M5.5 5.5h8v8h-8zM3.5 10.5h-1v-8h8v1",
  download: "M8 2v8M4.8 7 8 10.2 11.2 7M2.5 13.5h11",
  edit: "M10.5 2.8l2.7 2.7L5.5 13.2l-3.2.5.5-3.2 7.7-7.7Z",
  folder: "M1.8 4V3h4.4l1.3 1.6h6.7v8.2H1.8z",
  file: "M3.5 1.8h6l3 3v9.4h-9zM9.5 1.8v3h3",
  restore: "M3 8a5 5 0 1 1 1.6 3.7M3 4.5V8h3.5",
  expand: "M9.5 2.5h4v4M6.5 13.5h-4v-4M13.5 2.5l-4.6 4.6M2.5 13.5l4.6-4.6",
  bookmark: "M4 2h8v12l-4-3-4 3z",
  link: "M6.8 9.2a2.6 2.6 0 0 0 3.7 0l2.4-2.4a2.6 2.6 0 0 0-3.7-3.7l-.8.8M9.2 6.8a2.6 2.6 0 0 0-3.7 0L3.1 9.2a2.6 2.6 0 0 0 3.7 3.7l.8-.8",
  filter: "M2 3.5h12L9.5 9v4.5l-3-1.5V9L2 3.5Z",
  warning: "M8 2.2 14.5 13.5h-13L8 2.2ZM8 6.5v3.2M8 11.6h.01",
  help: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8ZM6.2 6.2a1.8 1.8 0 1 1 2.6 1.6c-.6.3-.8.6-.8 1.3M8 11.3h.01",
  settings: "M2 4.5h6M11 4.5h3M2 11.5h3M8 11.5h6M9.5 3v3M6.5 10v3",
  drag: "M6 3.5h.01M10 3.5h.01M6 8h.01M10 8h.01M6 12.5h.01M10 12.5h.01",
  compare: "M2.5 3h4v10h-4zM9.5 3h4v10h-4z",
  history: "M8 4.5V8l2.5 1.5M2.5 8a5.5 5.5 0 1 1 1.7 4M2.5 13v-2.6h2.6",
};

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
