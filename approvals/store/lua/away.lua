-- Writes that somebody is away, or that they are back, with its audit event.
-- KEYS: the person's doc, audit, the cover's set (any key of ours where there is no cover).
-- ARGV: event, doc ('' ends it), milliseconds left, the person's id, now, until ('' without a cover).
-- The cover's set outlives every entry in it; what has ended is dropped from it. Returns 1, or 0 where nothing was to end.
if ARGV[2] == '' then
  if redis.call('DEL', KEYS[1]) == 0 then return 0 end
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  if ARGV[6] ~= '' then
    redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', ARGV[5])
    redis.call('ZADD', KEYS[3], ARGV[6], ARGV[4])
    if redis.call('PTTL', KEYS[3]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[3], ARGV[3]) end
  end
end
redis.call('XADD', KEYS[2], '*', 'e', ARGV[1])
return 1
