-- Sees to it that a due item is performed after now: one that waits keeps its time, one that is being performed is put
-- on the list once more, since it may have looked already.
-- KEYS: the line (due or drives), claims.  ARGV: member, at.
if redis.call('HDEL', KEYS[2], ARGV[1]) == 1 then return redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1]) end
return redis.call('ZADD', KEYS[1], 'NX', ARGV[2], ARGV[1])
