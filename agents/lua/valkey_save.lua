-- Stores a checkpoint and makes it the latest, if the lease stands.
-- KEYS: checkpoint, list of the thread's checkpoints, then the lease if it is to be compared.
-- ARGV: the token that the lease must have ('' for any), id of the checkpoint, document.
-- Returns 1, or 0 where the lease is another's. A write that is sent again after a broken connection changes nothing.
if ARGV[1] ~= '' and redis.call('GET', KEYS[3]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[3])
if redis.call('LINDEX', KEYS[2], 0) ~= ARGV[2] then redis.call('LPUSH', KEYS[2], ARGV[2]) end
return 1
