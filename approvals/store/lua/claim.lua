-- Takes what is due, holding each item until `hold`: a claimer that dies loses it then.
-- KEYS: the line (due or drives), claims, attempts.  ARGV: now, hold, limit, token prefix, kinds (|drive|notify|...).
-- An item that somebody claimed and never settled counts as tried once more.
-- Returns member, token, attempts, member, ... It looks at no more than ten times the limit, so that kinds this
-- process does not perform cost little. Whoever asks again, since the answer was lost, gets what it claimed.
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
  local kind = string.match(member, '|([^|]*)$')
  if string.find(ARGV[5], '|' .. kind .. '|', 1, true) then
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
