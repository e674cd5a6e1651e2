-- One point a request. Arguments: one run id per connection.
require "common"

local run
local step = 0

function init(args)
  run = args[number]
  math.randomseed(os.time() + number)
end

function request()
  step = step + 1
  return post("runs/log-metric", string.format(
    '{"run_uuid": "%s", "run_id": "%s", "key": "loss", "value": %.16g, "timestamp": %d, "step": %d}',
    run, run, math.random(), 1700000000000 + step, step))
end
