-- Takes a thread's lease, or only looks, and returns what is known of the thread.
-- KEYS: lease, fence, thread.  ARGV: ttl in milliseconds ('' only looks), prefix of the keys of approvals.
-- Returns a token greater than every one before (0: somebody holds it, or only looked), the thread's doc or nothing,
-- and the docs of its live approvals; nothing at all in their place where the thread keeps no list of them.
local token = 0
if ARGV[1] ~= '' then
  if redis.call('EXISTS', KEYS[1]) == 1 then return {0} end
  token = redis.call('INCR', KEYS[2])
  redis.call('SET', KEYS[1], token, 'PX', ARGV[1])
end
local live = redis.call('HGET', KEYS[3], 'live')
local out, docs = {token, redis.call('HGET', KEYS[3], 'doc'), false}, {}
if not live then return out end
for id in string.gmatch(live, '[^,]+') do docs[#docs + 1] = redis.call('HGET', ARGV[2] .. id, 'doc') end
out[3] = docs
return out
