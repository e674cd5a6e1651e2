-- The life of a small run: create, log-batch of 20 params, 20 metrics and 10 tags, finish.
-- Argument: the experiment id. A connection starts the next run when the last one is finished.
require "common"

local CREATE, LOG, FINISH = 1, 2, 3
local T0 = 1700000000000
local experiment, run
local state = CREATE

function init(args)
  experiment = args[1]
  math.randomseed(os.time() + number)
end

local function list(size, form)
  local items = {}
  for i = 1, size do items[i] = form(i) end
  return table.concat(items, ", ")
end

local function param(i) return string.format('{"key": "param_%d", "value": "%.6g"}', i, math.random()) end
local function tag(i) return string.format('{"key": "tag_%d", "value": "value %d"}', i, math.random(1000)) end
local function metric(i)
  return string.format('{"key": "metric_%d", "value": %.16g, "timestamp": %d, "step": 0}', i, math.random(), T0)
end

function request()
  if state == CREATE then
    return post("runs/create", string.format(
      '{"experiment_id": "%s", "run_name": "run %d", "start_time": %d}', experiment, flows, T0))
  elseif state == LOG then
    return post("runs/log-batch", string.format(
      '{"run_id": "%s", "metrics": [%s], "params": [%s], "tags": [%s]}',
      run, list(20, metric), list(20, param), list(10, tag)))
  end
  return post("runs/update", string.format(
    '{"run_id": "%s", "run_uuid": "%s", "status": "FINISHED", "end_time": %d}', run, run, T0 + 1000))
end

function response(status, _, body)
  if status ~= 200 then
    state = CREATE -- counted by wrk as refused; the run is given up
  elseif state == CREATE then
    run = body:match('"run_id"%s*:%s*"(%w+)"')
    state = LOG
  elseif state == LOG then
    state = FINISH
  else
    flows = flows + 1
    state = CREATE
  end
end
