-- What wrk asks: BENCH_PATH, the same each time; with BENCH_FIRST a comment of its own each time.
local path = os.getenv("BENCH_PATH")
local first = os.getenv("BENCH_FIRST")
local asked = 0

request = function()
  asked = asked + 1
  local at = first and (path .. "%0A%23" .. first .. "-" .. asked) or path
  return wrk.format("GET", at, { Accept = os.getenv("BENCH_ACCEPT") })
end

done = function(summary)
  local errors = summary.errors
  local bad = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format("told %d %d %d\n", summary.requests, summary.duration, bad))
end
