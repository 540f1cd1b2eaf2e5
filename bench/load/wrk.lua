-- Load for wrk. Arguments: kind, file with one id a line, salt. Each request takes another id (by
-- chance, or `once` each), each mutation a key of its own. Prints what it measured as JSON.

local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

local HEADERS = { ["content-type"] = "application/json" }
local DRAW = "drawdown { id status applied } balance { available } replayed userErrors { code message }"

local documents = {
  draw = "mutation Draw($input: DrawDownInput!) { drawDown(input: $input) { " .. DRAW .. " } }",
  batch = "mutation Batch($inputs: [DrawDownInput!]!) { drawDownBatch(inputs: $inputs) "
    .. "{ results { drawdown { id applied } userErrors { code } } } }",
  capture = "mutation Capture($input: CaptureDrawdownInput!) { captureDrawdown(input: $input) { " .. DRAW .. " } }",
  reverse = "mutation Reverse($input: ReverseDrawdownInput!) { reverseDrawdown(input: $input) { " .. DRAW .. " } }",
  grant = "mutation Grant($input: CreateCreditGrantInput!) { createCreditGrant(input: $input) "
    .. "{ creditGrant { id status remaining } balance { available } replayed userErrors { code message } } }",
}

local kind, ids, salt, made, first, step

function init(args)
  kind, salt, ids, made = args[1], args[3], {}, 0
  for id in io.lines(args[2]) do ids[#ids + 1] = id end
  math.randomseed(os.time() + number * 7919)
  HEADERS["authorization"] = "Bearer " .. (os.getenv("BENCH_KEY") or "")
  if kind == "fixed" then
    local file = io.open(args[4])
    fixed = file:read("*a")
    file:close()
  end
end

local function key()
  made = made + 1
  return salt .. "-" .. number .. "-" .. made
end

local function draw(extra)
  return '{"customerId":"' .. ids[math.random(#ids)] .. '","amount":"0.0001","idempotencyKey":"' .. key() .. '"'
    .. (extra or "") .. "}"
end

-- The next id that nobody else takes: this thread's share of the file.
local function once()
  made = made + 1
  return ids[((made - 1) * 2 + number) % #ids + 1]
end

local function input()
  if kind == "draw" then return draw() end
  if kind == "hold" then return draw(',"hold":true') end
  if kind == "capture" then return '{"id":"' .. once() .. '"}' end
  if kind == "reverse" then return '{"id":"' .. once() .. '"}' end
  if kind == "grant" then
    return '{"customerId":"' .. ids[math.random(#ids)] .. '","name":"Bench","grantAmount":{"amount":"10"},'
      .. '"priority":60,"expiresAt":"2033-01-01T00:00:00Z","idempotencyKey":"' .. key() .. '"}'
  end
end

function request()
  local body
  if kind == "fixed" then
    body = fixed:gsub("%$ID", ids[math.random(#ids)])
  elseif kind == "batch" then
    local inputs = {}
    for n = 1, 500 do inputs[n] = draw() end
    body = '{"query":"' .. documents.batch .. '","variables":{"inputs":[' .. table.concat(inputs, ",") .. "]}}"
  else
    body = '{"query":"' .. (documents[kind] or documents.draw) .. '","variables":{"input":' .. input() .. "}}"
  end
  return wrk.format("POST", "/graphql", HEADERS, body)
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    'JSON{"requests":%d,"seconds":%.6f,"bytes":%d,"failed":%d,"p50":%.4f,"p99":%.4f,"mean":%.4f,"max":%.4f}\n',
    summary.requests, summary.duration / 1e6, summary.bytes,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.mean / 1e3, latency.max / 1e3))
end
