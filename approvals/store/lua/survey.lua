-- Counts what waits.
-- KEYS: the two lines (due, drives), then sorted sets of what is pending, by opening time.
-- ARGV: now, then the times that part what is pending by its age, the latest first.
-- Returns for each line how many are due and the time of the first ('' for none), then for each set how many are
-- pending between those times, the youngest first.
local out = {}
for line = 1, 2 do
  out[#out + 1] = redis.call('ZCOUNT', KEYS[line], '-inf', ARGV[1])
  out[#out + 1] = redis.call('ZRANGE', KEYS[line], 0, 0, 'WITHSCORES')[2] or ''
end
for set = 3, #KEYS do
  local before = '+inf'
  for at = 2, #ARGV do
    out[#out + 1] = redis.call('ZCOUNT', KEYS[set], ARGV[at], before)
    before = '(' .. ARGV[at]
  end
  out[#out + 1] = redis.call('ZCOUNT', KEYS[set], '-inf', before)
end
return out
