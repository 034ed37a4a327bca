-- Writes records of one thread with their audit events, indexes and due work: all, or none if a version has moved on.
-- KEYS: lease, audit, due, drives, claims, attempts, thread, then those that the changes name by their position.
-- ARGV: fence ('' for none), '1' to hand back the lease, a JSON list of changes: key, trail, before, version, doc, live,
--       events, due (line, member, score or '', claim token or ''), indexes (set, member, score or ''); a nonce, kept
--       with each version: a commit that is sent again after a broken connection finds that it was written; then the
--       texts that `doc` and `events` name by their position.
-- `trail` is 0 for threads, whose events nobody asks for by themselves.
-- `live`: 'new' with a thread, '+' or '-' and an id with an approval, for the thread's list of those that are not final.
-- Returns 'done', 'conflict' or 'fenced'. A thread that was made without that list never gets one: it would lack some.
local changes, written, stands = cjson.decode(ARGV[3]), true, true
for _, change in ipairs(changes) do
  local version = redis.call('HGET', KEYS[change.key], 'v') or '0'
  change.mark = change.version .. ':' .. ARGV[4]
  written = written and version == change.mark
  stands = stands and string.match(version, '^%d+') == change.before
end
if written then return 'done' end
if ARGV[1] ~= '' and redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'fenced' end
if not stands then return 'conflict' end
for _, change in ipairs(changes) do
  redis.call('HSET', KEYS[change.key], 'v', change.mark, 'doc', ARGV[change.doc])
  local move, id = string.sub(change.live, 1, 1), ',' .. string.sub(change.live, 2) .. ','
  local live = redis.call('HGET', KEYS[7], 'live') or (move == 'n' and '')
  if move ~= '' and live then
    local first, last = string.find(live, id, 1, true)
    if first then live = string.sub(live, 1, first - 1) .. string.sub(live, last + 1) end
    redis.call('HSET', KEYS[7], 'live', move == '+' and live .. id or live)
  end
  for _, event in ipairs(change.events) do
    local seq = redis.call('XADD', KEYS[2], '*', 'e', ARGV[event])
    if change.trail > 0 then redis.call('RPUSH', KEYS[change.trail], seq) end
  end
  for _, due in ipairs(change.due) do
    local line, member, score, token = KEYS[due[1]], due[2], due[3], due[4]
    if score == '' then redis.call('ZREM', line, member) else redis.call('ZADD', line, score, member) end
    if token == '' then redis.call('HDEL', KEYS[5], member) else redis.call('HSET', KEYS[5], member, token) end
    redis.call('HDEL', KEYS[6], member)
  end
  for _, index in ipairs(change.indexes) do
    local set, member, score = KEYS[index[1]], index[2], index[3]
    if score == '' then redis.call('ZREM', set, member) else redis.call('ZADD', set, score, member) end
  end
end
if ARGV[2] == '1' then redis.call('DEL', KEYS[1]) end
return 'done'
