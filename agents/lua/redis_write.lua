-- Stores what a task wrote, in one step, if the lease stands.
-- KEYS: checkpoint, sorted set of its writes, a key for each write, then the lease if it is to be compared.
-- ARGV: the token that the lease must have ('' for any), then a document for each write.
-- Returns 1, or 0 where the lease is another's.
if ARGV[1] ~= '' and redis.call('GET', KEYS[#KEYS]) ~= ARGV[1] then return 0 end
for at = 2, #ARGV do
  redis.call('JSON.SET', KEYS[at + 1], '$', ARGV[at])
  redis.call('ZADD', KEYS[2], at - 2, KEYS[at + 1])
end
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('JSON.SET', KEYS[1], '$.has_writes', 'true') end
return 1
