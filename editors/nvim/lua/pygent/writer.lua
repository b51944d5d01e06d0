--- Appends text to a buffer. A timer writes the queued text, for a few milliseconds at a
--- time, so that a fast model does not block the editor. It knows one buffer, and in its
--- windows only keeps a cursor at the end there.
local text = require('pygent.text')
local api = vim.api

local INTERVAL = 30 -- milliseconds between two writes
local BUDGET = 8 -- milliseconds of one write
local PIECE = 16 * 1024 -- bytes that are put into the buffer at once
local MAX_LINES = 20000 -- of the buffer; above it the oldest quarter is deleted

---@class pygent.Writer
---@field buf integer
---@field protected queue (string|fun())[]
---@field protected first integer of the queue
---@field timer? uv.uv_timer_t while the queue is not empty
---@field protected forget fun(self, rows: integer) drops the marks of the first rows; -1: all
local Writer = {}
Writer.__index = Writer

--- Prepares an empty buffer.
---@param buf integer
---@return table fields of its writer
function Writer.fields(buf)
  vim.bo[buf].modifiable = false
  vim.bo[buf].undolevels = -1
  return { buf = buf, queue = {}, first = 1 }
end

--- The last row.
---@return integer
function Writer:last() return api.nvim_buf_line_count(self.buf) - 1 end

---@protected
---@param s string
function Writer:append(s)
  local row = self:last()
  local col = #api.nvim_buf_get_lines(self.buf, row, row + 1, true)[1]
  api.nvim_buf_set_text(self.buf, row, col, row, col, vim.split(s, '\n', { plain = true }))
end

--- Queues text, or a function to call when all text before it is written.
---@protected
---@param item string|fun()
function Writer:put(item)
  self.queue[#self.queue + 1] = item
  if not self.timer then
    self.timer = assert(vim.uv.new_timer())
    self.timer:start(INTERVAL, INTERVAL, vim.schedule_wrap(function() self:write(BUDGET) end))
  end
end

--- Puts functions at the front of the queue, while it is being written.
---@protected
---@param items fun()[]
function Writer:first_do(items)
  self.queue = vim.list_extend(items, self.queue, self.first)
  self.first = 1
end

--- The next item of the queue. Texts are joined up to the size of a piece.
---@protected
---@return string|fun()|nil
function Writer:next()
  local item = self.queue[self.first]
  if type(item) ~= 'string' then
    self.first = self.first + 1
    return item
  end
  local parts, size = {}, 0
  while type(self.queue[self.first]) == 'string' and size < PIECE do
    local s = self.queue[self.first] --[[@as string]]
    parts[#parts + 1], size = s, size + #s
    self.first = self.first + 1
  end
  local joined = table.concat(parts)
  if #joined > 2 * PIECE then
    local cut = PIECE
    while joined:byte(cut + 1) >= 0x80 and joined:byte(cut + 1) < 0xC0 do -- does not split a character
      cut = cut + 1
    end
    self.first = self.first - 1
    self.queue[self.first] = joined:sub(cut + 1)
    joined = joined:sub(1, cut)
  end
  return joined
end

--- Writes the queue.
---@param budget? integer milliseconds after which the rest waits for the next write
function Writer:write(budget)
  if not api.nvim_buf_is_loaded(self.buf) then
    self.queue, self.first = {}, 1
  end
  if self.first > #self.queue then
    if self.timer then
      self.timer:close()
      self.timer = nil
    end
    self.queue, self.first = {}, 1
    return
  end
  local until_ = vim.uv.hrtime() + (budget or 1e6) * 1e6
  local following = self:followers()
  vim.bo[self.buf].modifiable = true
  repeat
    local item = self:next()
    if type(item) == 'string' then
      self:append(text.safe(item))
    elseif item then
      item()
    end
  until self.first > #self.queue or vim.uv.hrtime() > until_
  self:trim()
  vim.bo[self.buf].modifiable = false
  for _, win in ipairs(following) do
    api.nvim_win_set_cursor(win, { self:last() + 1, 0 })
  end
end

--- The windows whose cursor is at the end.
---@return integer[]
function Writer:followers()
  local last = api.nvim_buf_line_count(self.buf)
  return vim.tbl_filter(function(win) return api.nvim_win_get_cursor(win)[1] == last end, vim.fn.win_findbuf(self.buf))
end

---@protected
function Writer:trim()
  if api.nvim_buf_line_count(self.buf) > MAX_LINES then
    local rows = math.floor(MAX_LINES / 4)
    self:forget(rows)
    api.nvim_buf_set_lines(self.buf, 0, rows, false, { '… what was before is not shown' })
  end
end

--- Empties the queue and the buffer.
function Writer:reset()
  self.queue, self.first = {}, 1
  if api.nvim_buf_is_loaded(self.buf) then
    vim.bo[self.buf].modifiable = true
    self:forget(-1)
    api.nvim_buf_set_lines(self.buf, 0, -1, false, {})
    vim.bo[self.buf].modifiable = false
  end
end

return Writer
