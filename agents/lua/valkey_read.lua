-- Reads a checkpoint whole.  KEYS: the list of a thread's checkpoints, the newest first.
-- ARGV: id of the checkpoint ('' for the latest), prefix of the keys of checkpoints, that of the keys of their writes.
-- Returns its id, its document and the list of its writes, or nothing where there is none.
local id = ARGV[1]
if id == '' then id = redis.call('LINDEX', KEYS[1], 0) end
local found = id and redis.call('GET', ARGV[2] .. id)
if not found then return {} end
return {id, found, redis.call('GET', ARGV[3] .. id) or '[]'}
