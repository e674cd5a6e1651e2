/** Made from the server's description by ui/schema.py; do not edit. */

export interface ActivitiesReply {
  experiments: ActivityReply[];
}

export interface ActivityReply {
  experiment_id: string;
  runs: number;
  running: number;
  latest: number | null;
}

export interface Alias {
  alias: string;
  version: string;
}

export interface ChangeReply {
  id: string;
  name: string;
  timestamp: number;
  actor: string;
  action: string;
  version?: string;
  subject?: string;
  old_value?: string | null;
  new_value?: string | null;
  comment?: string;
}

export interface CollectedReply {
  runs: number;
  experiments: number;
  models: number;
  registered_models: number;
  files: number;
  bytes: number;
  failures: string[];
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

export interface CurvesReply {
  curves: CurveReply[];
}

export interface DatabaseReply {
  kind: string;
  server_version: string;
  schema_version: number;
  wanted_schema_version: number;
  bytes: number;
  counts: Record<string, number>;
  jobs: string[];
  artifacts: string;
}

export interface Dataset {
  name: string;
  digest: string;
  source_type: string;
  source: string;
  schema?: string;
  profile?: string;
}

export interface DatasetInput {
  dataset: Dataset;
  tags?: KeyValue[];
}

export interface DatasetMessage {
  dataset_name?: string;
  dataset_digest?: string;
}

export interface Decision {
  comment?: string;
}

export interface DeleteAlias {
  name: string;
  alias: string;
  comment?: string;
}

export interface DeleteForever {
  run_ids?: string[];
  experiment_ids?: string[];
  model_ids?: string[];
  registered_model_ids?: number[];
}

export interface DeletedLoggedReply {
  model_id: string;
  name: string;
  experiment_id: string;
  deleted: number;
}

export interface DeletedModelsReply {
  registered_models: DeletedRegisteredReply[];
  logged_models: DeletedLoggedReply[];
}

export interface DeletedRegisteredReply {
  id: number;
  name: string;
  user_id: string;
  deleted: number;
  versions: number;
}

export type Empty = Record<string, never>;

export interface ErrorReply {
  error_code: string;
  message: string;
}

export interface Experiment {
  experiment_id: string;
  name: string;
  artifact_location: string;
  lifecycle_stage: "active" | "deleted";
  last_update_time?: number;
  creation_time?: number;
  tags?: KeyValue[];
}

export interface ExperimentIdReply {
  experiment_id: string;
}

export interface ExperimentIds {
  experiment_ids?: string[];
}

export interface ExperimentReply {
  experiment: Experiment;
}

export interface ExperimentsCreate {
  name: string;
  artifact_location?: string;
  tags?: Tag[];
}

export interface ExperimentsDeleteTag {
  experiment_id: string;
  key: string;
}

export interface ExperimentsReply {
  experiments?: Experiment[];
  next_page_token?: string;
}

export interface ExperimentsSearch {
  max_results?: number;
  page_token?: string;
  filter?: string;
  order_by?: string[];
  view_type?: ViewType;
}

export interface ExperimentsSetTag {
  experiment_id: string;
  key: string;
  value?: string;
}

export interface ExperimentsUpdate {
  experiment_id: string;
  new_name: string;
}

export interface FileInfo {
  path: string;
  is_dir: boolean;
  file_size?: number;
}

export interface FilesReply {
  root_uri: string;
  files?: FileInfo[];
  next_page_token?: string;
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

export interface GroupsReply {
  groups: GroupReply[];
}

export interface HealthReply {
  status: "DEGRADED" | "DOWN" | "OK";
  version: string;
  parts: Record<string, Report>;
  breakers: Record<string, "closed" | "half_open" | "open">;
  gateway: Record<string, Served>;
}

export interface History {
  name: string;
  version?: string;
  max_results?: number;
  page_token?: string;
}

export interface HistoryReply {
  changes?: ChangeReply[];
  next_page_token?: string | null;
}

export interface Id {
  experiment_id: string;
}

export interface KeyValue {
  key: string;
  value: string;
}

export interface KeysReply {
  metrics: string[];
  params: string[];
  tags: string[];
}

export interface List {
  run_id?: string;
  run_uuid?: string;
  path?: string;
  page_token?: string;
}

export interface ListModel {
  artifact_directory_path?: string;
  page_token?: string;
}

export interface LoggedModel {
  info: LoggedModelInfo;
  data: LoggedModelData;
}

export interface LoggedModelData {
  params?: KeyValue[];
  metrics?: LoggedModelMetric[];
}

export interface LoggedModelInfo {
  model_id: string;
  experiment_id: string;
  name: string;
  creation_timestamp_ms: number;
  last_updated_timestamp_ms: number;
  artifact_uri: string;
  status: string;
  model_type?: string;
  source_run_id?: string;
  status_message?: string;
  tags?: KeyValue[];
}

export interface LoggedModelMetric {
  key: string;
  value: number | string;
  timestamp: number;
  step: number;
  model_id: string;
  dataset_name?: string;
  dataset_digest?: string;
  run_id?: string;
}

export interface LoggedModelsReply {
  models?: LoggedModel[];
  next_page_token?: string;
}

export interface LoggedModelsSearch {
  experiment_ids: string[];
  filter?: string;
  datasets?: DatasetMessage[];
  max_results?: number;
  order_by?: OrderMessage[];
  page_token?: string;
}

export interface Metric {
  key: string;
  value: number | string;
  timestamp: number;
  step: number;
}

export interface MetricReply {
  key: string;
  last: number | string | null;
  step: number;
  time: number;
  min: number | string | null;
  min_step: number | null;
  max: number | string | null;
  max_step: number | null;
}

export interface MilepostRegistryName {
  name: string;
}

export interface ModelInput {
  model_id: string;
}

export interface ModelOutput {
  model_id: string;
  step: number;
}

export interface ModelVersion {
  name: string;
  version: string;
  creation_timestamp: number;
  last_updated_timestamp: number;
  current_stage: string;
  status: string;
  user_id?: string;
  description?: string;
  source?: string;
  run_id?: string;
  status_message?: string;
  tags?: KeyValue[];
  run_link?: string;
  aliases?: string[];
}

export interface ModelVersionReply {
  model_version: ModelVersion;
}

export interface ModelVersionsCreate {
  name: string;
  source: string;
  run_id?: string;
  tags?: Tag[];
  run_link?: string;
  description?: string;
  model_id?: string;
  comment?: string;
}

export interface ModelVersionsDelete {
  name: string;
  version: string;
  comment?: string;
}

export interface ModelVersionsDeleteTag {
  name: string;
  version: string;
  key: string;
  comment?: string;
}

export interface ModelVersionsReply {
  model_versions?: ModelVersion[];
  next_page_token?: string;
}

export interface ModelVersionsSearch {
  filter?: string;
  max_results?: number;
  order_by?: string[];
  page_token?: string;
}

export interface ModelVersionsSetTag {
  name: string;
  version: string;
  key: string;
  value?: string;
  comment?: string;
}

export interface ModelVersionsUpdate {
  name: string;
  version: string;
  description?: string | null;
  comment?: string;
}

export interface OfVersion {
  name: string;
  version: string;
}

export interface OnlyRunId {
  run_id: string;
}

export interface OrderMessage {
  dataset_name?: string;
  dataset_digest?: string;
  field_name?: string;
  ascending?: boolean;
}

export interface OriginReply {
  model_version: ModelVersion;
  logged_model?: LoggedModelInfo | null;
  run?: RunInfo | null;
  datasets?: DatasetInput[];
  input_models?: LoggedModelInfo[];
  code?: Record<string, string>;
}

export interface Policy {
  name: string;
  production_needs_approval: boolean;
  comment?: string;
}

export interface PolicyReply {
  name: string;
  production_needs_approval: boolean;
}

export interface RegisteredModel {
  name: string;
  creation_timestamp: number;
  last_updated_timestamp: number;
  user_id?: string;
  description?: string;
  latest_versions?: ModelVersion[];
  tags?: KeyValue[];
  aliases?: Alias[];
}

export interface RegisteredModelReply {
  registered_model: RegisteredModel;
}

export interface RegisteredModelsCreate {
  name: string;
  tags?: Tag[];
  description?: string;
  comment?: string;
}

export interface RegisteredModelsDelete {
  name: string;
  comment?: string;
}

export interface RegisteredModelsName {
  name: string;
}

export interface RegisteredModelsReply {
  registered_models?: RegisteredModel[];
  next_page_token?: string;
}

export interface RegisteredModelsSearch {
  filter?: string;
  max_results?: number;
  order_by?: string[];
  page_token?: string;
}

export interface RegisteredModelsUpdate {
  name: string;
  description?: string;
  comment?: string;
}

export interface Rename {
  name: string;
  new_name: string;
  comment?: string;
}

export interface Report {
  name: string;
  ok: boolean;
  needed: boolean;
  seconds: number;
  problem: string;
  breaker: string;
}

export interface Request {
  name: string;
  version: string;
  stage: string;
  archive_existing_versions?: boolean;
  comment?: string;
}

export interface RequestReply {
  transition_request: TransitionReply;
}

export interface Requests {
  name: string;
  version?: string;
  state?: string;
  max_results?: number;
  page_token?: string;
}

export interface RequestsReply {
  transition_requests?: TransitionReply[];
  next_page_token?: string | null;
}

export interface RestoreModels {
  model_ids?: string[];
  registered_model_ids?: number[];
  comment?: string;
}

export interface Run {
  info: RunInfo;
  data: RunData;
  inputs: RunInputs;
  outputs: RunOutputs;
}

export interface RunData {
  metrics?: Metric[];
  params?: KeyValue[];
  tags?: KeyValue[];
}

export interface RunId {
  run_id?: string;
  run_uuid?: string;
}

export interface RunIdMessage {
  run_id: string;
}

export interface RunInfo {
  run_id: string;
  run_uuid: string;
  run_name: string;
  experiment_id: string;
  user_id: string;
  status: "FAILED" | "FINISHED" | "KILLED" | "RUNNING" | "SCHEDULED";
  start_time: number;
  artifact_uri: string;
  lifecycle_stage: "active" | "deleted";
  end_time?: number;
}

export interface RunInfoReply {
  run_info: RunInfo;
}

export interface RunInputs {
  dataset_inputs?: DatasetInput[];
  model_inputs?: ModelInput[];
}

export interface RunOutputs {
  model_outputs?: ModelOutput[];
}

export interface RunReply {
  run: Run;
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

export type RunStatus = 1 | 2 | 3 | 4 | 5;

export interface RunsDeleteTag {
  run_id: string;
  key: string;
}

export interface RunsSetTag {
  key: string;
  run_id?: string;
  run_uuid?: string;
  value?: string;
}

export interface RunsUpdate {
  run_id?: string;
  run_uuid?: string;
  status?: RunStatus;
  end_time?: number;
  run_name?: string;
}

export interface Served {
  route: string;
  model_uri: string;
  state: "external" | "failed" | "loading" | "serving" | "waiting";
  serving?: string;
  problem?: string;
  starts?: number;
}

export interface SetAlias {
  name: string;
  alias: string;
  version: string;
  comment?: string;
}

export interface SetTags {
  tags?: Tag[];
}

export interface SettingReply {
  name: string;
  key: string;
  value: unknown;
  changed: boolean;
  help: string;
}

export interface SettingsReply {
  settings: SettingReply[];
}

export interface StorageMessage {
  max_results?: number;
}

export interface StorageReply {
  experiment_id: string;
  name: string;
  runs: number;
  deleted_runs: number;
  bytes: number;
  files: number;
}

export interface StoragesReply {
  experiments: StorageReply[];
}

export interface SummaryReply {
  metrics: MetricReply[];
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
  cells: ((number | string | null)[])[];
  total?: number | null;
}

export interface Tag {
  key: string;
  value?: string;
}

export interface Transition {
  name: string;
  version: string;
  stage: string;
  archive_existing_versions?: boolean;
  comment?: string;
}

export interface TransitionReply {
  id: string;
  name: string;
  version: string;
  to_stage: string;
  archive_existing_versions: boolean;
  state: string;
  requested_by: string;
  requested: number;
  comment?: string;
  decided_by?: string | null;
  decided?: number | null;
  decision_comment?: string;
}

export interface Version {
  name: string;
  version: string;
}

export type ViewType = 1 | 2 | 3;

export type Topics = string[] | null;

export interface Routes {
  "POST mlflow/experiments/search": { takes: ExperimentsSearch; gives: ExperimentsReply };
  "GET mlflow/experiments/get": { takes: Id; gives: ExperimentReply };
  "POST mlflow/experiments/create": { takes: ExperimentsCreate; gives: ExperimentIdReply };
  "POST mlflow/experiments/update": { takes: ExperimentsUpdate; gives: Empty };
  "POST mlflow/experiments/delete": { takes: Id; gives: Empty };
  "POST mlflow/experiments/restore": { takes: Id; gives: Empty };
  "POST mlflow/experiments/set-experiment-tag": { takes: ExperimentsSetTag; gives: Empty };
  "POST mlflow/experiments/delete-experiment-tag": { takes: ExperimentsDeleteTag; gives: Empty };
  "GET mlflow/runs/get": { takes: RunId; gives: RunReply };
  "POST mlflow/runs/update": { takes: RunsUpdate; gives: RunInfoReply };
  "POST mlflow/runs/delete": { takes: OnlyRunId; gives: Empty };
  "POST mlflow/runs/restore": { takes: OnlyRunId; gives: Empty };
  "POST mlflow/runs/set-tag": { takes: RunsSetTag; gives: Empty };
  "POST mlflow/runs/delete-tag": { takes: RunsDeleteTag; gives: Empty };
  "GET mlflow/artifacts/list": { takes: List; gives: FilesReply };
  "GET mlflow/logged-models/{model_id}/artifacts/directories": { takes: ListModel; gives: FilesReply };
  "POST mlflow/logged-models/search": { takes: LoggedModelsSearch; gives: LoggedModelsReply };
  "PATCH mlflow/logged-models/{model_id}/tags": { takes: SetTags; gives: Empty };
  "GET mlflow/registered-models/search": { takes: RegisteredModelsSearch; gives: RegisteredModelsReply };
  "GET mlflow/registered-models/get": { takes: RegisteredModelsName; gives: RegisteredModelReply };
  "POST mlflow/registered-models/create": { takes: RegisteredModelsCreate; gives: RegisteredModelReply };
  "PATCH mlflow/registered-models/update": { takes: RegisteredModelsUpdate; gives: RegisteredModelReply };
  "POST mlflow/registered-models/rename": { takes: Rename; gives: RegisteredModelReply };
  "DELETE mlflow/registered-models/delete": { takes: RegisteredModelsDelete; gives: Empty };
  "POST mlflow/registered-models/alias": { takes: SetAlias; gives: Empty };
  "DELETE mlflow/registered-models/alias": { takes: DeleteAlias; gives: Empty };
  "POST mlflow/model-versions/create": { takes: ModelVersionsCreate; gives: ModelVersionReply };
  "GET mlflow/model-versions/search": { takes: ModelVersionsSearch; gives: ModelVersionsReply };
  "GET mlflow/model-versions/get": { takes: Version; gives: ModelVersionReply };
  "PATCH mlflow/model-versions/update": { takes: ModelVersionsUpdate; gives: ModelVersionReply };
  "DELETE mlflow/model-versions/delete": { takes: ModelVersionsDelete; gives: Empty };
  "POST mlflow/model-versions/transition-stage": { takes: Transition; gives: ModelVersionReply };
  "POST mlflow/model-versions/set-tag": { takes: ModelVersionsSetTag; gives: Empty };
  "DELETE mlflow/model-versions/delete-tag": { takes: ModelVersionsDeleteTag; gives: Empty };
  "POST milepost/experiments/activity": { takes: ExperimentIds; gives: ActivitiesReply };
  "POST milepost/experiments/keys": { takes: ExperimentIds; gives: KeysReply };
  "POST milepost/runs/table": { takes: TableMessage; gives: TableReply };
  "POST milepost/runs/groups": { takes: GroupsMessage; gives: GroupsReply };
  "GET milepost/runs/summary": { takes: RunIdMessage; gives: SummaryReply };
  "POST milepost/metrics/curves": { takes: CurvesMessage; gives: CurvesReply };
  "POST milepost/trash/delete-forever": { takes: DeleteForever; gives: CollectedReply };
  "GET milepost/trash/models": { takes: Empty; gives: DeletedModelsReply };
  "POST milepost/trash/restore-models": { takes: RestoreModels; gives: Empty };
  "GET milepost/operations/storage": { takes: StorageMessage; gives: StoragesReply };
  "GET milepost/operations/database": { takes: Empty; gives: DatabaseReply };
  "GET milepost/operations/settings": { takes: Empty; gives: SettingsReply };
  "GET milepost/registered-models/history": { takes: History; gives: HistoryReply };
  "GET milepost/registered-models/policy": { takes: MilepostRegistryName; gives: PolicyReply };
  "POST milepost/registered-models/policy": { takes: Policy; gives: PolicyReply };
  "GET milepost/registered-models/transition-requests": { takes: Requests; gives: RequestsReply };
  "POST milepost/registered-models/transition-requests": { takes: Request; gives: RequestReply };
  "POST milepost/registered-models/transition-requests/{id}/approve": { takes: Decision; gives: RequestReply };
  "POST milepost/registered-models/transition-requests/{id}/reject": { takes: Decision; gives: RequestReply };
  "GET milepost/lineage/model-version": { takes: OfVersion; gives: OriginReply };
}
