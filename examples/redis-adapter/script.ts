/**
 * Runs on the server: a batch is one round trip, and nothing happens between its rows. A row is a hash of texts: a
 * number has 16 digits (Lua would print an instant as 1.7e+12), and NUL, which no text has, is `null`. All indexes are
 * one sorted set in order of bytes. A lane is what its entries begin with, a tail is the rest, with the id at the end:
 *   due NUL name NUL priority NUL | wakeAt NUL tries NUL id      done NUL | doneAt NUL id
 *   name NUL name NUL | id      parent NUL parent NUL | id      key NUL key NUL | id
 */
export const script = `
local INDEX, ROW, NUL = KEYS[1], KEYS[2], '\\0'
local input, results, verbs = cjson.decode(ARGV[2]), {}, {}

local function digits(number) return string.format('%016.0f', number) end
local function laneOf(...) return table.concat({...}, NUL) .. NUL end
local function read(id)
  local row, flat = {}, redis.call('HGETALL', ROW .. id)
  for i = 1, #flat, 2 do row[flat[i]] = flat[i + 1] end
  return #flat > 0 and row
end

local function entriesOf(row)
  local entries = {}
  local function add(...) entries[laneOf(...) .. row.id] = true end
  if row then add('name', row.name) end
  if row and row.key ~= NUL then add('key', row.key) end
  if row and row.parent ~= NUL then add('parent', row.parent) end
  if row and row.doneAt ~= NUL then add('done', row.doneAt) end
  if row and row.wakeAt ~= NUL then add('due', row.name, row.priority, row.wakeAt, row.tries) end
  return entries
end

-- From a row, or none, to one with these fields, or none. First HSET, which Redis refuses when it is out of memory.
local function write(id, before, fields)
  local args = {}
  for field, value in pairs(fields or {}) do args[#args + 1], args[#args + 2] = field, value end
  redis.call(fields and 'HSET' or 'DEL', ROW .. id, unpack(args))
  local old, new = entriesOf(before), entriesOf(fields and setmetatable(fields, {__index = before}))
  for entry in pairs(new) do if not old[entry] then redis.call('ZADD', INDEX, 0, entry) end end
  for entry in pairs(old) do if not new[entry] then redis.call('ZREM', INDEX, entry) end end
end

-- Byte by byte: '<' on texts goes by the server's locale.
local function isBefore(one, other)
  local i = 1
  while i <= #one and one:byte(i) == other:byte(i) do i = i + 1 end
  return (one:byte(i) or 0) < (other:byte(i) or 0)
end

-- The tails in some lanes, in order, up to a limit in each.
local function tailsIn(lanes, from, to)
  local tails, busy = {}, 0
  for lane, limit in pairs(lanes) do
    local entries = redis.call('ZRANGEBYLEX', INDEX, '[' .. lane .. from, '(' .. lane .. to, 'LIMIT', 0, limit + 0)
    for _, entry in ipairs(entries) do tails[#tails + 1] = entry:sub(#lane + 1) end
    busy = busy + math.min(#entries, 1)
  end
  if busy > 1 then table.sort(tails, isBefore) end
  return tails
end

function verbs.insert()
  for i, row in ipairs(input) do
    local owner = read(row.id) and row.id or tailsIn({[laneOf('key', row.key)] = 1}, '', '\\127')[1]
    if not owner then write(row.id, nil, row) end
    results[i] = owner and {duplicate = owner} or 'inserted'
  end
  redis.call('PUBLISH', ARGV[3], '')
end

function verbs.claim()
  local left, limit = {}, tonumber(input.limit)
  for _, want in ipairs(input.wants) do left[want.name] = want.limit end
  for priority = 0, 9 do
    local lanes = {}
    for name, most in pairs(left) do lanes[laneOf('due', name, digits(priority))] = math.min(most, limit - #results) end
    for _, tail in ipairs(tailsIn(lanes, '', digits(input.now + 1))) do
      if #results == limit then break end
      local row = read(tail:match('[^%z]*$'))
      local rev, tries = digits(row.rev + 1), digits(row.tries + 1)
      local state = row.state == 'waiting' and 'running' or row.state
      write(row.id, row, {state = state, holder = input.holder, wakeAt = input['until'], rev = rev, tries = tries})
      results[#results + 1], left[row.name] = read(row.id), left[row.name] - 1
    end
  end
end

function verbs.extend()
  for i, held in ipairs(input.rows) do
    local row = read(held.id)
    results[i] = row and row.rev == held.rev and row.wakeAt ~= NUL
    if results[i] then write(row.id, row, {wakeAt = input['until']}) end
  end
end

-- Answers true, or the row that is there instead, or NUL.
function verbs.apply()
  for i, change in ipairs(input) do
    local row, fields = read(change.id), change.next ~= NUL and change.next
    local isSame = row and row.rev == change.rev
    if isSame and fields then fields.key, fields.keepKey = fields.keepKey and row.key or NUL, nil end
    if isSame then write(row.id, row, fields) end
    results[i] = isSame or row or NUL
  end
  redis.call('PUBLISH', ARGV[3], '')
end

-- Answers the tail to go on from, or NUL at the end, and then the rows.
function verbs.find()
  local tails = tailsIn(input.lanes, input.after .. NUL, input.to)
  for i = 1, math.min(#tails, input.limit) do results[i + 1] = read(tails[i]:match('[^%z]*$')) end
  results[1] = tails[tonumber(input.limit)] or NUL
end
function verbs.get() for i, id in ipairs(input) do results[i] = read(id) or NUL end end

verbs[ARGV[1]]()
return cjson.encode(results)
`
