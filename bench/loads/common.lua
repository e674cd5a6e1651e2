-- Shared by all loads: threads have numbers from 1; the result is a line of JSON.
local threads = {}

function setup(thread)
  table.insert(threads, thread)
  thread:set("number", #threads)
  thread:set("flows", 0)
end

function done(summary, latency)
  local flows = 0
  for _, thread in ipairs(threads) do flows = flows + thread:get("flows") end
  local errors = summary.errors
  local sockets = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format(
    '{"requests":%d,"seconds":%.6f,"refused":%d,"broken":%d,"flows":%d,"p50_ms":%.4f,"p95_ms":%.4f}\n',
    summary.requests, summary.duration / 1e6, errors.status, sockets, flows,
    latency:percentile(50) / 1e3, latency:percentile(95) / 1e3))
end

local JSON = { ["Content-Type"] = "application/json" }
local API = "/api/2.0/mlflow/"

function post(path, body)
  return wrk.format("POST", API .. path, JSON, body)
end
