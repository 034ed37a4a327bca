-- Takes a performed item off the list, or puts it back for later; only if it was not scheduled anew meanwhile.
-- KEYS: the line (due or drives), claims, attempts.  ARGV: member, token, again ('' for never), failed ('1' counts an attempt).
if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[2], ARGV[1])
if ARGV[3] == '' then
  redis.call('ZREM', KEYS[1], ARGV[1])
  redis.call('HDEL', KEYS[3], ARGV[1])
else
  redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
  if ARGV[4] == '1' then redis.call('HINCRBY', KEYS[3], ARGV[1], 1) end
end
return 1
