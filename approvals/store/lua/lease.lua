-- KEYS: lease.  ARGV: 'renew' | 'release', the lease as it was taken, ttl in milliseconds.
-- Returns 1, or 0 if it is not ours.
if redis.call('GET', KEYS[1]) ~= ARGV[2] then return 0 end
if ARGV[1] == 'renew' then return redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return redis.call('DEL', KEYS[1])
