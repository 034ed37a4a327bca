-- Writes that somebody is away, or that they are back, with its audit event.
-- KEYS: the person's doc, audit, then the sets to stand in: the cover's, and that of all who have one.
-- ARGV: event, doc ('' ends it), milliseconds left, the person's id, now, until ('' without a cover).
-- A set outlives every entry in it; what has ended is dropped from it. Returns 1, or 0 where nothing was to end.
if ARGV[2] == '' then
  if redis.call('DEL', KEYS[1]) == 0 then return 0 end
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  for at = 3, ARGV[6] == '' and 2 or #KEYS do
    redis.call('ZREMRANGEBYSCORE', KEYS[at], '-inf', ARGV[5])
    redis.call('ZADD', KEYS[at], ARGV[6], ARGV[4])
    if redis.call('PTTL', KEYS[at]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[at], ARGV[3]) end
  end
end
redis.call('XADD', KEYS[2], '*', 'e', ARGV[1])
return 1
