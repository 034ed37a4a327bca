-- Writes records of one thread with their audit events, indexes and due work: all, or none if a version has moved on.
-- KEYS: lease, audit, due, drives, claims, attempts, thread, then any that ARGV names by their position.
-- ARGV: fence ('' for none), n changes, (record, version before)...; then for each change: record, trail, version, doc,
--       'new' | '+' | '-' and id for the thread's list of live approvals, n events, events...,
--       n due, (line, member, score or '', claim token or '')..., n index operations, (set, id, score or '')...
-- Returns 'done', 'conflict' or 'fenced'. A thread that was made without the list never gets one: it would lack some.
local at = 0
local function arg() at = at + 1 return ARGV[at] end
local function key() return KEYS[tonumber(arg())] end
local fence, changes = arg(), tonumber(arg())
if fence ~= '' and redis.call('GET', KEYS[1]) ~= fence then return 'fenced' end
for _ = 1, changes do if (redis.call('HGET', key(), 'v') or '0') ~= arg() then return 'conflict' end end
for _ = 1, changes do
  local record, trail = key(), key()
  redis.call('HSET', record, 'v', arg(), 'doc', arg())
  local move, id = arg(), ',' .. arg() .. ','
  local live = redis.call('HGET', KEYS[7], 'live') or (move == 'new' and '')
  if move ~= '' and live then
    local first, last = string.find(live, id, 1, true)
    if first then live = string.sub(live, 1, first - 1) .. string.sub(live, last + 1) end
    redis.call('HSET', KEYS[7], 'live', move == '+' and live .. id or live)
  end
  for _ = 1, tonumber(arg()) do redis.call('RPUSH', trail, redis.call('XADD', KEYS[2], '*', 'e', arg())) end
  for _ = 1, tonumber(arg()) do
    local line, member, score, token = key(), arg(), arg(), arg()
    if score == '' then redis.call('ZREM', line, member) else redis.call('ZADD', line, score, member) end
    if token == '' then redis.call('HDEL', KEYS[5], member) else redis.call('HSET', KEYS[5], member, token) end
    redis.call('HDEL', KEYS[6], member)
  end
  for _ = 1, tonumber(arg()) do
    local set, member, score = key(), arg(), arg()
    if score == '' then redis.call('ZREM', set, member) else redis.call('ZADD', set, score, member) end
  end
end
return 'done'
