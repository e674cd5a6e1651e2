-- 1000 points a request: 10 new steps of 100 metrics. Arguments: one run id per connection.
require "common"

local KEYS, STEPS = 100, 10
-- Formatting a thousand numbers a request would slow the generator down, so values come from a pool.
-- Its size is prime: a metric meets another part of it in each batch.
local POOL = 4093
local heads, values, parts = {}, {}, {}
local step, cursor = 0, 0

function init(args)
  math.randomseed(os.time() + number)
  for i = 1, POOL do values[i] = string.format("%.16g", math.random()) end
  for k = 1, KEYS do heads[k] = string.format(',{"key": "metric_%02d", "value": ', k - 1) end
  parts[1] = string.format('{"run_id": "%s", "metrics": [', args[number])
end

function request()
  local n = 1
  for _ = 1, STEPS do
    step = step + 1
    local tail = string.format(', "timestamp": %d, "step": %d}', 1700000000000 + step, step)
    for k = 1, KEYS do
      cursor = cursor % POOL + 1
      parts[n + 1], parts[n + 2], parts[n + 3] = heads[k], values[cursor], tail
      n = n + 3
    end
  end
  parts[2] = heads[1]:sub(2)
  parts[n + 1] = "]}"
  return post("runs/log-batch", table.concat(parts, "", 1, n + 1))
end
