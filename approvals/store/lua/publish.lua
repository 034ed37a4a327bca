-- Makes a text the version of the policies that counts, with its audit event, if the number before it still stands.
-- KEYS: head, versions, audit.  ARGV: number before, hash of the file applied ('' for none),
--       then, where there is a new version: number, hash, doc, event.
-- Returns 1, or 0 if another number stands.
if (redis.call('HGET', KEYS[1], 'n') or '0') ~= ARGV[1] then return 0 end
if ARGV[3] then
  redis.call('HSET', KEYS[1], 'n', ARGV[3], 'hash', ARGV[4])
  redis.call('HSET', KEYS[2], ARGV[3], ARGV[5])
  redis.call('XADD', KEYS[3], '*', 'e', ARGV[6])
end
if ARGV[2] ~= '' then redis.call('HSET', KEYS[1], 'file', ARGV[2]) end
return 1
