-- One point a request, to each run in turn. Arguments: the run ids, as many as connections.
require "common"

local runs = {}
local turn, step = 0, 1

function init(args)
  for i = 1, #args do runs[i] = args[i] end
  math.randomseed(os.time())
end

function request()
  turn = turn + 1
  if turn > #runs then turn, step = 1, step + 1 end
  local run = runs[turn]
  return post("runs/log-metric", string.format(
    '{"run_uuid": "%s", "run_id": "%s", "key": "loss", "value": %.16g, "timestamp": %d, "step": %d}',
    run, run, math.random(), 1700000000000 + step, step))
end
