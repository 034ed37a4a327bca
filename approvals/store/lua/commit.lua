-- Writes a record, its audit events, its indexes and its due work, if the version before still stands.
-- KEYS: record, audit, trail, due, drives, claims, attempts, lease, then the index sets.
-- ARGV: version before, version after, doc, fence ('' for none),
--       n events, events..., n due, (line: 0 due or 1 drives, member, score or '', claim token or '')...,
--       n index operations, (position of the set, id, score or '')...
-- Returns 'done', 'conflict' or 'fenced'.
if ARGV[4] ~= '' and redis.call('GET', KEYS[8]) ~= ARGV[4] then return 'fenced' end
local stands = redis.call('HGET', KEYS[1], 'v') or '0'
if stands ~= ARGV[1] then return 'conflict' end
redis.call('HSET', KEYS[1], 'v', ARGV[2], 'doc', ARGV[3])
local at = 5
for _ = 1, tonumber(ARGV[at]) do
  at = at + 1
  local seq = redis.call('XADD', KEYS[2], '*', 'e', ARGV[at])
  redis.call('RPUSH', KEYS[3], seq)
end
at = at + 1
for _ = 1, tonumber(ARGV[at]) do
  local line, member, score, token = KEYS[4 + ARGV[at + 1]], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  if score == '' then redis.call('ZREM', line, member) else redis.call('ZADD', line, score, member) end
  if token == '' then redis.call('HDEL', KEYS[6], member) else redis.call('HSET', KEYS[6], member, token) end
  redis.call('HDEL', KEYS[7], member)
  at = at + 4
end
at = at + 1
for _ = 1, tonumber(ARGV[at]) do
  local set, id, score = KEYS[8 + ARGV[at + 1]], ARGV[at + 2], ARGV[at + 3]
  if score == '' then redis.call('ZREM', set, id) else redis.call('ZADD', set, score, id) end
  at = at + 3
end
return 'done'
