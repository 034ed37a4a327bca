-- Takes a thread's lease, or only looks, and returns what is known of the thread.
-- KEYS: lease, fence, thread.
-- ARGV: ttl in milliseconds ('' only looks), prefix of the keys of approvals, the proof of whoever takes it.
-- Returns a token greater than every one before (0: somebody holds it, or only looked), the thread's doc or nothing,
-- and the docs of its live approvals; nothing at all in their place where the thread keeps no list of them.
-- Whoever asks again with the same proof, since the answer was lost, holds it already.
local token = 0
if ARGV[1] ~= '' then
  local held = redis.call('GET', KEYS[1])
  if held then
    token = string.match(held, '^(%d+):' .. ARGV[3] .. '$')
    if not token then return {0} end
    token = tonumber(token)
  else
    token = redis.call('INCR', KEYS[2])
    redis.call('SET', KEYS[1], token .. ':' .. ARGV[3], 'PX', ARGV[1])
  end
end
local live = redis.call('HGET', KEYS[3], 'live')
local out, docs = {token, redis.call('HGET', KEYS[3], 'doc'), false}, {}
if not live then return out end
for id in string.gmatch(live, '[^,]+') do docs[#docs + 1] = redis.call('HGET', ARGV[2] .. id, 'doc') end
out[3] = docs
return out
