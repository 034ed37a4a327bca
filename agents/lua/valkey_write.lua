-- Stores what a task wrote beside what is there, in one step, if the lease stands.
-- KEYS: list of the checkpoint's writes, then the lease if it is to be compared.
-- ARGV: the token that the lease must have ('' for any), a list of writes.
-- A write that is there already stays, but for interrupts, answers and errors (idx < 0): those are replaced.
-- Returns 1, or 0 where the lease is another's.
if ARGV[1] ~= '' and redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
local writes, place = cjson.decode(redis.call('GET', KEYS[1]) or '[]'), {}
for at, write in ipairs(writes) do place[write.task_id .. ' ' .. write.idx] = at end
for _, write in ipairs(cjson.decode(ARGV[2])) do
  local name = write.task_id .. ' ' .. write.idx
  if not place[name] then
    place[name] = #writes + 1
    writes[#writes + 1] = write
  elseif write.idx < 0 then
    writes[place[name]] = write
  end
end
redis.call('SET', KEYS[1], cjson.encode(writes))
return 1
