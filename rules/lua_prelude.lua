-- Runs once in each interpreter, before any script, with Lua's own libraries at hand. Gives the maker of a script's
-- environment and the codec of its state. Whatever could tell two nodes apart is left out or replaced: the order of
-- tables, addresses as text, clocks, random numbers, files. So is whatever can run long inside one step: patterns.
local next, type, error, select, tostring = next, type, error, select, tostring
local sort, concat = table.sort, table.concat
local math_type, find, gsub, pack, unpack = math.type, string.find, string.gsub, string.pack, string.unpack
local DEPTH_MAX = 16
local TEXT_MAX = 4096

-- The keys of a table in one order on every node: numbers, then texts by their bytes.
local function keys_of(t, level)
  local numbers, texts = {}, {}
  for key in next, t do
    local kind = type(key)
    if kind == "number" then
      numbers[#numbers + 1] = key
    elseif kind == "string" then
      texts[#texts + 1] = key
    else
      error("a table with a key of type " .. kind .. " has no order; use numbers and texts", level + 1)
    end
  end
  sort(numbers)
  sort(texts)
  for i = 1, #texts do numbers[#numbers + 1] = texts[i] end
  return numbers
end

local function ordered_pairs(t)
  if type(t) ~= "table" then error("pairs of a " .. type(t) .. "; it needs a table", 2) end
  local keys, i = keys_of(t, 2), 0
  return function()
    local key, value
    repeat
      i = i + 1
      key = keys[i]
      if key == nil then return nil end
      value = t[key]
    until value ~= nil
    return key, value
  end
end

-- Stable, so that what is equal keeps its order.
local function stable_sort(t, before)
  if type(t) ~= "table" then error("sort of a " .. type(t) .. "; it needs a table", 2) end
  before = before or function(a, b) return a < b end
  local n, width, from, to = #t, 1, t, {}
  while width < n do
    for low = 1, n, 2 * width do
      local mid, high = low + width, low + 2 * width
      mid = mid <= n and mid or n + 1
      high = high <= n and high or n + 1
      local i, j = low, mid
      for k = low, high - 1 do
        if i < mid and (j >= high or not before(from[j], from[i])) then
          to[k] = from[i]
          i = i + 1
        else
          to[k] = from[j]
          j = j + 1
        end
      end
    end
    from, to, width = to, from, 2 * width
  end
  if from ~= t then
    for k = 1, n do t[k] = from[k] end
  end
end

local function has_text(v, level)
  local kind = type(v)
  if kind == "table" or kind == "function" then error("a " .. kind .. " has no text", level + 1) end
end

local function to_text(v)
  has_text(v, 2)
  return tostring(v)
end

local format = string.format
local function plain_format(f, ...)
  if type(f) ~= "string" or #f > TEXT_MAX or find(gsub(f, "%%%%", ""), "%%[-+ #0-9.]*p") then
    error("format needs a text of at most " .. TEXT_MAX .. " bytes without %p", 2)
  end
  for i = 1, select("#", ...) do has_text((select(i, ...)), 2) end
  return format(f, ...)
end

local function plain_find(s, what, from)
  if type(s) ~= "string" or type(what) ~= "string" or #s > TEXT_MAX then
    error("find looks for a text in a text of at most " .. TEXT_MAX .. " bytes", 2)
  end
  return find(s, what, from, true)
end

local text_library = {
  byte = string.byte, char = string.char, find = plain_find, format = plain_format, len = string.len,
  lower = string.lower, rep = string.rep, reverse = string.reverse, sub = string.sub, upper = string.upper,
}
getmetatable("").__index = text_library

local function copy(from)
  local to = {}
  for key, value in next, from do to[key] = value end
  return to
end

-- What a script sees as its globals: made anew for every case, so that nothing of one case reaches another.
local function environment(alert, duty, remind)
  return {
    alert = alert, duty = duty, remind = remind,
    assert = assert, error = error, ipairs = ipairs, pairs = ordered_pairs, select = select,
    tonumber = tonumber, tostring = to_text, type = type,
    math = {
      abs = math.abs, ceil = math.ceil, floor = math.floor, max = math.max, min = math.min,
      maxinteger = math.maxinteger, mininteger = math.mininteger, tointeger = math.tointeger, type = math_type,
    },
    string = copy(text_library),
    table = { concat = concat, insert = table.insert, remove = table.remove, sort = stable_sort, unpack = table.unpack },
  }
end

-- The state of a case as bytes: i and 8 bytes, s and a sized text, t, f, or { with a count, then keys and values in order.
local function put(out, v, depth)
  local kind = math_type(v) or type(v)
  if kind == "integer" then
    out[#out + 1] = pack("<c1i8", "i", v)
  elseif kind == "string" then
    out[#out + 1] = pack("<c1s4", "s", v)
  elseif kind == "boolean" then
    out[#out + 1] = v and "t" or "f"
  elseif kind == "table" then
    if depth == 0 then error("the state is nested deeper than " .. DEPTH_MAX .. " tables", 0) end
    local keys = keys_of(v, -1)
    out[#out + 1] = pack("<c1I4", "{", #keys)
    for i = 1, #keys do
      put(out, keys[i], depth)
      put(out, v[keys[i]], depth - 1)
    end
  else
    error("the state holds a " .. kind .. "; it keeps whole numbers, texts, true, false and tables of them", 0)
  end
end

local function encode(state)
  local out = {}
  put(out, state, DEPTH_MAX)
  return concat(out)
end

local function take(s, at, depth)
  local mark, n
  mark, at = unpack("c1", s, at)
  if mark == "i" then return unpack("<i8", s, at) end
  if mark == "s" then return unpack("<s4", s, at) end
  if mark == "t" or mark == "f" then return mark == "t", at end
  if mark ~= "{" or depth == 0 then error("no state", 0) end
  n, at = unpack("<I4", s, at)
  local t = {}
  for _ = 1, n do
    local key, value
    key, at = take(s, at, depth)
    value, at = take(s, at, depth - 1)
    t[key] = value
  end
  return t, at
end

local function decode(s)
  local state, at = take(s, 1, DEPTH_MAX)
  if type(state) ~= "table" or at ~= #s + 1 then error("no state", 0) end
  return state
end

return environment, encode, decode
