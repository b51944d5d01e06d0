--- Makes text of models, tools and file names safe to show: characters that could hide or
--- forge text on the screen become visible. Its results are only shown, never run or sent
--- back.
local M = {}

---@param from integer
---@param to? integer
---@param into table<integer, true>
local function range(into, from, to)
  for c = from, to or from do
    into[c] = true
  end
end

--- Characters with an effect instead of a shape: C1 controls and those that change the
--- direction of writing.
local acting = {} ---@type table<integer, true>
range(acting, 0x80, 0x9F)
range(acting, 0x061C)
range(acting, 0x200E, 0x200F)
range(acting, 0x2028, 0x202E)
range(acting, 0x2066, 0x2069)

--- Those, and characters without width. Ordinary prose and emoji use them, but they must not
--- hide anything in a text that the user approves.
local hidden = {} ---@type table<integer, true>
for c in pairs(acting) do
  hidden[c] = true
end
for _, c in ipairs({ 0xAD, 0x034F, 0x115F, 0x1160, 0x180E, 0x3164, 0xFEFF, 0xFFA0 }) do
  range(hidden, c)
end
range(hidden, 0x200B, 0x200D)
range(hidden, 0x2060, 0x2065)
range(hidden, 0xFE00, 0xFE0E)
range(hidden, 0xE0000, 0xE01EF)

---@param char string one character of UTF-8
---@return integer
local function codepoint(char)
  local first = char:byte()
  local code = first % (first < 0xE0 and 0x20 or first < 0xF0 and 0x10 or 0x08)
  for i = 2, #char do
    code = code * 0x40 + char:byte(i) % 0x40
  end
  return code
end

local function byte(c) return ('\\x%02x'):format(c:byte()) end

---@param s string
---@param what table<integer, true>
---@return string
local function characters(s, what)
  if not s:find('[\194-\244]') then
    return s
  end
  return (
    s:gsub('[\194-\244][\128-\191]+', function(char)
      local code = codepoint(char)
      return what[code] and ('\\u{%x}'):format(code) or nil
    end)
  )
end

--- Text of several lines for a buffer: removes terminal colours and makes other control
--- characters visible, except line breaks and tabs.
---@param s string
---@return string
function M.safe(s)
  if s:find('[%z\1-\8\11-\31\127]') then
    s = s:gsub('\r\n', '\n'):gsub('\27%[[%d;:]*m', ''):gsub('[%z\1-\8\11-\31\127]', byte)
  end
  return characters(s, acting)
end

local short = { ['\n'] = '\\n', ['\t'] = '\\t', ['\r'] = '\\r' }

--- One line with all characters visible, for names and titles.
---@param s string
---@param width? integer the most cells; an ellipsis marks a cut
---@return string
function M.line(s, width)
  width = width and math.max(1, width)
  if width and #s > 4 * width then
    s = s:sub(1, 4 * width) -- a character has at most 4 bytes, so the rest would not be shown
  end
  s = characters(s:gsub('[%z\1-\31\127]', function(c) return short[c] or byte(c) end), hidden)
  if width and vim.fn.strdisplaywidth(s) > width then
    s = vim.fn.strcharpart(s, 0, width - 1)
    while vim.fn.strdisplaywidth(s) >= width do
      s = vim.fn.strcharpart(s, 0, vim.fn.strchars(s) - 1)
    end
    s = s .. '…'
  end
  return s
end

--- Lines with all characters visible, for commands and changes to approve. Backslashes in the
--- text are not doubled, because the user sees the escape in both cases.
---@param s string
---@return string[]
function M.exact(s)
  local lines = vim.split(s, '\n', { plain = true })
  for i, line in ipairs(lines) do
    lines[i] = characters(line:gsub('[%z\1-\8\10-\31\127]', byte), hidden)
  end
  return lines
end

--- The user's part of a message, and the attached part.
---@param message string
---@return string words, string? attached
function M.words(message)
  local words, attached = message:match('^(.-)\n\n(<context.*)$')
  return words or message, attached
end

--- A number of many digits, as "1.2k".
---@param n integer
---@return string
function M.count(n) return n < 1000 and tostring(n) or ('%.1fk'):format(n / 1000) end

--- A number of things, as "1 file" and "2 files".
---@param n integer
---@param what string
---@return string
function M.many(n, what) return ('%d %s%s'):format(n, what, n == 1 and '' or 's') end

return M
