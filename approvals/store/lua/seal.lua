-- Adds a seal to the chain, if the one before it is still the newest.
-- KEYS: head, seals.  ARGV: number and hash before, number, hash, last event, seal.
-- Returns 1, 0 where another is the newest, -1 where a seal of that number stands already: never written over.
if (redis.call('HGET', KEYS[1], 'n') or '0') ~= ARGV[1] then return 0 end
if (redis.call('HGET', KEYS[1], 'hash') or '') ~= ARGV[2] then return 0 end
if redis.call('HSETNX', KEYS[2], ARGV[3], ARGV[6]) == 0 then return -1 end
redis.call('HSET', KEYS[1], 'n', ARGV[3], 'hash', ARGV[4], 'to', ARGV[5])
return 1
