-- Stores a checkpoint and points at it, if the lease stands.
-- KEYS: checkpoint, pointer to the latest, sorted set of its writes, lease.
-- ARGV: the token that the lease must have ('' for any), document.
-- Returns 1, or 0 where the lease is another's. The writes of a step may have come before its checkpoint.
if ARGV[1] ~= '' and redis.call('GET', KEYS[4]) ~= ARGV[1] then return 0 end
redis.call('JSON.SET', KEYS[1], '$', ARGV[2])
if redis.call('EXISTS', KEYS[3]) == 1 then redis.call('JSON.SET', KEYS[1], '$.has_writes', 'true') end
redis.call('SET', KEYS[2], KEYS[1])
return 1
