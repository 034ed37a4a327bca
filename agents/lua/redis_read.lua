-- Reads a checkpoint whole.  KEYS: the checkpoint, or the pointer to the latest one.
-- ARGV: 'latest' for a pointer, prefix of checkpoint keys, prefix of the sorted sets that name a checkpoint's writes.
-- Returns the checkpoint's document and those of its writes, or nothing where there is none.
local key = KEYS[1]
if ARGV[1] == 'latest' then key = redis.call('GET', key) end
local found = key and redis.call('JSON.GET', key)
if not found then return {} end
local out = {found}
for _, write in ipairs(redis.call('ZRANGE', ARGV[3] .. string.sub(key, #ARGV[2] + 1), 0, -1)) do
  out[#out + 1] = redis.call('JSON.GET', write)
end
return out
