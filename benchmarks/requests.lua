-- Sends requests that were prepared in files, one file for each thread, and counts the answers.
-- Arguments: the files' common name, and "cycle" to begin again at a file's end.

local threads = {}

function setup(thread)
  table.insert(threads, thread)
  thread:set("number", #threads - 1)
end

function init(args)
  file = assert(io.open(args[1] .. "." .. number, "rb"))
  cycling = args[2] == "cycle"
  exhausted = 0
  counts = {}
end

local function next_request()
  local length = file:read(8)
  if not length then
    return nil
  end
  return file:read(tonumber(length))
end

function request()
  local found = next_request()
  if not found then
    if not cycling then
      exhausted = 1
      wrk.thread:stop()
    end
    file:seek("set", 0)
    found = next_request()
  end
  return found
end

function response(status)
  counts[status] = (counts[status] or 0) + 1
end

function done(summary)
  for _, thread in ipairs(threads) do
    for status, count in pairs(thread:get("counts")) do
      print("status", status, count)
    end
    print("exhausted", thread:get("exhausted"))
  end
  local errors = summary.errors
  print("broken", errors.connect + errors.read + errors.write + errors.timeout)
  print("microseconds", summary.duration)
end
