-- Whether an approval is shown in a channel by a card of its own, or collected with others because too many come.
-- KEYS: the channel's collection, its recent cards, prefix of its members.
-- ARGV: approval, now, window, limit, quiet (milliseconds), how long members are kept, '1' for one that is never collected.
-- Returns the number of the collection it belongs to (0: a card of its own), and the ts of its message ('' before it is
-- posted). Asked again, it says the same.
local id, now = ARGV[1], tonumber(ARGV[2])
local number = tonumber(redis.call('HGET', KEYS[1], 'n') or '0')
local members = KEYS[3] .. number
if number == 0 or not redis.call('ZSCORE', members, id) then
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[3])
  if redis.call('ZSCORE', KEYS[2], id) or ARGV[7] == '1' then return {0, ''} end
  local last = tonumber(redis.call('HGET', KEYS[1], 'last') or '-1')
  if last < 0 or now - last >= tonumber(ARGV[5]) then
    if redis.call('ZCARD', KEYS[2]) < tonumber(ARGV[4]) then
      redis.call('ZADD', KEYS[2], now, id)
      redis.call('PEXPIRE', KEYS[2], ARGV[3])
      return {0, ''}
    end
    number = redis.call('HINCRBY', KEYS[1], 'n', 1)
    redis.call('HDEL', KEYS[1], 'ts-' .. number - 1)
    members = KEYS[3] .. number
  end
  redis.call('HSET', KEYS[1], 'last', now)
  redis.call('ZADD', members, now, id)
  redis.call('PEXPIRE', members, ARGV[6])
end
return {number, redis.call('HGET', KEYS[1], 'ts-' .. number) or ''}
