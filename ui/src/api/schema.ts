/** Made from the server's messages by ui/schema.py; do not edit. */

export interface ActivityReply {
  experiment_id: string;
  runs: number;
  running: number;
  latest: number | null;
}

export interface ColumnMessage {
  kind: string;
  key: string;
  field?: string;
}

export interface CurveReply {
  run: number;
  key: number;
  size: number;
  steps: string;
  values: string;
  times?: string | null;
}

export interface CurvesMessage {
  run_ids: string[];
  keys: string[];
  points?: number;
  min_step?: number | null;
  max_step?: number | null;
  times?: boolean;
  evenly?: boolean;
}

export interface ExperimentIds {
  experiment_ids?: string[];
}

export interface GroupReply {
  values: (string | null)[];
  runs: number;
  mean: number | null;
  deviation: number | null;
  min: number | null;
  max: number | null;
}

export interface GroupsMessage {
  experiment_ids: string[];
  by: ColumnMessage[];
  filter?: string;
  metric?: ColumnMessage | null;
}

export interface MetricSummary {
  key: string;
  last: number | null;
  step: number;
  time: number;
  min: number | null;
  min_step: number | null;
  max: number | null;
  max_step: number | null;
}

export interface RunIdMessage {
  run_id: string;
}

export interface RunRow {
  run_id: string;
  experiment_id: string;
  name: string;
  status: string;
  user: string;
  start_time: number;
  end_time: number | null;
  deleted: boolean;
  children: number;
}

export interface TableMessage {
  experiment_ids?: string[];
  filter?: string;
  order_by?: string[];
  run_view_type?: ViewType;
  limit?: number;
  offset?: number;
  columns?: ColumnMessage[];
  counted?: boolean;
  run_ids?: string[];
}

export interface TableReply {
  rows: RunRow[];
  cells: unknown[][];
  total?: number | null;
}

export type ViewType = 1 | 2 | 3;
