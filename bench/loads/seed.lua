-- Creates prepared runs, as fast as the server takes them. Argument: a folder of files named 1, 2, ...,
-- one per connection, with two lines a run: the body of runs/create, and the body of runs/log-batch
-- with RUN_ID where the id goes. Each connection says "finished" when its file is used up.
require "common"

local lines, batch
local body

function init(args)
  lines = io.lines(args[1] .. "/" .. number)
  body = lines()
end

function request()
  if batch then return post("runs/log-batch", batch) end
  return post("runs/create", body)
end

function response(status, _, reply)
  if status ~= 200 then
    io.write("failed " .. status .. " " .. reply:gsub("\n", " ") .. "\n")
    body = nil
  elseif batch then
    batch, body = nil, lines()
    flows = flows + 1
  else
    batch = lines():gsub("RUN_ID", (reply:match('"run_id"%s*:%s*"(%w+)"')))
  end
  if not body then
    if status == 200 then io.write("finished\n") end
    io.flush()
    wrk.thread:stop()
  end
end
