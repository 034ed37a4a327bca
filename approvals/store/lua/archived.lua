-- Notes that the audit up to a seal is in a file, with its event, if no more was archived meanwhile.
-- KEYS: head, audit.  ARGV: archived before, archived now, event.  Returns 1, or 0 where it was.
if (redis.call('HGET', KEYS[1], 'archived') or '0') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'archived', ARGV[2])
redis.call('XADD', KEYS[2], '*', 'e', ARGV[3])
return 1
