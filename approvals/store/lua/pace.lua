-- Gives out turns at a steady pace, with a short burst. Whoever must wait has a turn of their own, and keeps it.
-- KEYS: the bucket.  ARGV: now, interval, burst, ticket ('' only holds everybody back), hold. Times in milliseconds.
-- `t` is when the bucket would be empty again. Returns how long this ticket must still wait, 0 for now.
local now, interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local empty = math.max(now, tonumber(redis.call('HGET', KEYS[1], 't') or '0'))
local ticket, wait = 'k:' .. ARGV[4], 0
if ARGV[4] == '' then
  empty = math.max(empty, now + tonumber(ARGV[5]) + (burst - 1) * interval)
else
  local turn = tonumber(redis.call('HGET', KEYS[1], ticket) or '-1')
  if turn < 0 then
    turn = empty - (burst - 1) * interval
    empty = empty + interval
  end
  wait = math.max(0, turn - now)
  if wait == 0 then redis.call('HDEL', KEYS[1], ticket) else redis.call('HSET', KEYS[1], ticket, turn) end
end
redis.call('HSET', KEYS[1], 't', empty)
redis.call('PEXPIRE', KEYS[1], empty - now + 60000)
return wait
