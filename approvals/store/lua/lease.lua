-- KEYS: lease, fence.  ARGV: 'acquire' | 'renew' | 'release', token, ttl in milliseconds.
-- acquire returns a token greater than every one before, or 0 if it is held; the others return 1, or 0 if it is not ours.
if ARGV[1] == 'acquire' then
  if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
  local token = redis.call('INCR', KEYS[2])
  redis.call('SET', KEYS[1], token, 'PX', ARGV[3])
  return token
end
if redis.call('GET', KEYS[1]) ~= ARGV[2] then return 0 end
if ARGV[1] == 'renew' then return redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return redis.call('DEL', KEYS[1])
