-- Drops events that are sealed and archived, and writes the event that tells of it, in one step.
-- KEYS: head, audit.  ARGV: number of the last seal, first id that stays, event.
-- Returns how many were dropped, or -1 where they are not archived, or were dropped before.
local number = tonumber(ARGV[1])
if number > tonumber(redis.call('HGET', KEYS[1], 'archived') or '0') then return -1 end
if number <= tonumber(redis.call('HGET', KEYS[1], 'trimmed') or '0') then return -1 end
local dropped = redis.call('XTRIM', KEYS[2], 'MINID', ARGV[2])
redis.call('HSET', KEYS[1], 'trimmed', ARGV[1])
redis.call('XADD', KEYS[2], '*', 'e', ARGV[3])
return dropped
