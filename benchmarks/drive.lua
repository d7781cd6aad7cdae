-- For wrk: the requests of a file in turn, one a line (method, path, body), each from an address of its own as a proxy on
-- this machine would tell it. Prints one line of JSON.
local requests, at = {}, 0

function init(args)
  math.randomseed(tonumber(args[2]))
  for line in io.lines(args[1]) do
    local method, path, body = line:match("^(%S+) (%S+) ?(.*)$")
    requests[#requests + 1] = { method, path, body ~= "" and body or nil }
  end
end

function request()
  at = at % #requests + 1
  local method, path, body = unpack(requests[at])
  local headers = {
    ["Accept-Encoding"] = "gzip",
    ["X-Forwarded-For"] = string.format("10.%d.%d.%d", math.random(0, 255), math.random(0, 255), math.random(1, 254)),
  }
  if body then
    headers["Content-Type"] = "application/x-www-form-urlencoded"
  end
  return wrk.format(method, path, headers, body)
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %.6f, "p50": %.6f, "p99": %.6f, "wrong": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e6, latency:percentile(99) / 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout
  ))
end
