-- One turn of wrk: the requests of a file, in turn or each only once, and whether each was answered as it should be.
-- Arguments: the file (method, path, body and Idempotency-Key, divided by tabs), "round" or "once", the status and a
-- pattern that every answer must have, and the headers that every request has.

local threads = {}
local lines, position, once, status, pattern = {}, 0, false, 200, ""

-- What `done` reads back.
failed, lacking, example = 0, 0, ""

function setup(thread)
  table.insert(threads, thread)
end

local function prepared(line)
  local method, path, body, key = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t]*)$")
  wrk.headers["Idempotency-Key"] = key ~= "" and key or nil
  return wrk.format(method, path, nil, body ~= "" and body or nil)
end

function init(args)
  once, status, pattern = args[2] == "once", tonumber(args[3]), args[4]
  for place = 5, #args do
    local name, value = args[place]:match("^(.-): (.*)$")
    wrk.headers[name] = value
  end
  for line in io.lines(args[1]) do
    table.insert(lines, once and line or prepared(line))
  end
end

function request()
  position = position + 1
  if once then
    if position > #lines then
      lacking = lacking + 1
      position = #lines
    end
    return prepared(lines[position])
  end
  return lines[(position - 1) % #lines + 1]
end

function response(got, headers, body)
  if got ~= status or not body:find(pattern) then
    failed = failed + 1
    if example == "" then
      example = got .. " " .. body:sub(1, 300):gsub("%s+", " ")
    end
  end
end

function done(summary, latency, requests)
  local wrong, short, first = 0, 0, ""
  for _, thread in ipairs(threads) do
    wrong, short, first = wrong + thread:get("failed"), short + thread:get("lacking"), thread:get("example")
  end
  local broken = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format("turn\t%d\t%f\t%f\t%f\t%d\t%d\t%s\n", summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, wrong + broken, short, first))
end
