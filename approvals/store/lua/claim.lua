-- Takes what is due, holding each item until `hold`: a claimer that dies loses it then.
-- KEYS: the line (due or drives), claims, attempts.  ARGV: now, hold, limit, token prefix, kinds (|drive|notify|...).
-- An item that somebody claimed and never settled counts as tried once more.
-- What time brings to one approval is taken one at a time, so that it happens in its order whoever performs it.
-- Returns member, token, attempts, member, ... It looks at no more than ten times the limit, so that kinds this
-- process does not perform cost little. Whoever asks again, since the answer was lost, gets what it claimed.
local turns = {'lapse', 'expire', 'remind', 'escalate'} -- in this order where they are due at the same moment
local function wanted(kind) return string.find(ARGV[5], '|' .. kind .. '|', 1, true) end
-- The one whose turn it is: what a claimer lost, then the earliest; none while one of them is being performed.
local function turn(subject)
  local best, best_at, best_lost
  for _, kind in ipairs(turns) do
    local member = subject .. '|' .. kind
    local at = wanted(kind) and tonumber(redis.call('ZSCORE', KEYS[1], member) or '')
    local lost = at and redis.call('HEXISTS', KEYS[2], member) == 1
    local due = at and at <= tonumber(ARGV[1])
    if lost and not due then return nil end
    if due and (not best or (lost and not best_lost) or (lost == best_lost and at < best_at)) then
      best, best_at, best_lost = kind, at, lost
    end
  end
  return best
end
local out = {}
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], ARGV[2], ARGV[2], 'BYSCORE')) do
  local token = redis.call('HGET', KEYS[2], member)
  if token and string.sub(token, 1, #ARGV[4] + 1) == ARGV[4] .. ':' then
    for _, each in ipairs({member, token, redis.call('HGET', KEYS[3], member) or '0'}) do out[#out + 1] = each end
  end
end
if #out > 0 then return out end
local found = redis.call('ZRANGE', KEYS[1], '-inf', ARGV[1], 'BYSCORE', 'LIMIT', 0, ARGV[3] * 10)
for i, member in ipairs(found) do
  local subject, kind = string.match(member, '^(.*)|([^|]*)$')
  local timed = string.find('|lapse|expire|remind|escalate|', '|' .. kind .. '|', 1, true)
  if wanted(kind) and (not timed or turn(subject) == kind) then
    local token = ARGV[4] .. ':' .. i
    redis.call('ZADD', KEYS[1], ARGV[2], member)
    if redis.call('HSET', KEYS[2], member, token) == 0 then redis.call('HINCRBY', KEYS[3], member, 1) end
    out[#out + 1] = member
    out[#out + 1] = token
    out[#out + 1] = redis.call('HGET', KEYS[3], member) or '0'
    if #out >= 3 * tonumber(ARGV[3]) then break end
  end
end
return out
