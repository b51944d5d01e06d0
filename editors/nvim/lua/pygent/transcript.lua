--- A conversation as the text of a buffer. What arrives is queued and written by
--- a timer, a few milliseconds at a time, so that a fast model does not block the
--- editor. Knows events and one buffer, nothing of windows but that a cursor at
--- the end stays there.
local fold = require('pygent.fold')
local text = require('pygent.text')
local api = vim.api

local ns = fold.ns
local INTERVAL = 30 -- milliseconds between two writes
local BUDGET = 8 -- milliseconds that one may take
local PIECE = 16 * 1024 -- bytes that are put into the buffer at once
local MAX_LINES = 20000 -- of the buffer; then the oldest quarter goes

---@class pygent.Transcript
---@field buf integer
---@field private queue (string|fun())[]
---@field private first integer of the queue
---@field private timer? uv.uv_timer_t
---@field private streamed boolean the running reply has come in deltas
---@field private tool? { callId: string, mark: integer, title: string, lines: integer } the open block
local Transcript = {}
Transcript.__index = Transcript

local M = {}

--- Makes a transcript of an empty buffer.
---@param buf integer
---@return pygent.Transcript
function M.new(buf)
  vim.bo[buf].modifiable = false
  vim.bo[buf].undolevels = -1
  vim.bo[buf].syntax = 'markdown' -- a parser of the whole text would block the longer it gets
  return setmetatable({ buf = buf, queue = {}, first = 1, streamed = false }, Transcript)
end

---@param buf integer
local function last_row(buf) return api.nvim_buf_line_count(buf) - 1 end

---@private
---@param s string
function Transcript:append(s)
  local row = last_row(self.buf)
  local col = #api.nvim_buf_get_lines(self.buf, row, row + 1, true)[1]
  api.nvim_buf_set_text(self.buf, row, col, row, col, vim.split(s, '\n', { plain = true }))
end

--- Queues text, or what is to be done when all before it was written.
---@private
---@param item string|fun()
function Transcript:put(item)
  self.queue[#self.queue + 1] = item
  if not self.timer then
    self.timer = assert(vim.uv.new_timer())
    self.timer:start(INTERVAL, INTERVAL, vim.schedule_wrap(function() self:write(BUDGET) end))
  end
end

--- The next of the queue, texts joined up to a piece.
---@private
---@return string|fun()|nil
function Transcript:next()
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
    while joined:byte(cut + 1) >= 0x80 and joined:byte(cut + 1) < 0xC0 do -- no character is cut
      cut = cut + 1
    end
    self.first = self.first - 1
    self.queue[self.first] = joined:sub(cut + 1)
    joined = joined:sub(1, cut)
  end
  return joined
end

--- Writes what is queued.
---@param budget? integer milliseconds after which the rest is left to the next time
function Transcript:write(budget)
  if not api.nvim_buf_is_valid(self.buf) then
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
    api.nvim_win_set_cursor(win, { last_row(self.buf) + 1, 0 })
  end
end

--- Windows whose cursor is at the end.
---@private
---@return integer[]
function Transcript:followers()
  local last = api.nvim_buf_line_count(self.buf)
  return vim.tbl_filter(function(win) return api.nvim_win_get_cursor(win)[1] == last end, vim.fn.win_findbuf(self.buf))
end

---@private
function Transcript:trim()
  if api.nvim_buf_line_count(self.buf) > MAX_LINES then
    local rows = math.floor(MAX_LINES / 4)
    api.nvim_buf_clear_namespace(self.buf, ns, 0, rows)
    api.nvim_buf_set_lines(self.buf, 0, rows, false, { '… what was before is not shown' })
  end
end

--- Begins a new line, behind an empty one when there is text before it.
---@private
---@param empty? boolean default true
function Transcript:fresh(empty)
  self:put(function()
    local row = last_row(self.buf)
    local lines = api.nvim_buf_get_lines(self.buf, math.max(0, row - 1), row + 1, true)
    if #lines == 1 and lines[1] == '' then
      return
    end
    local breaks = lines[#lines] ~= '' and 1 or 0
    if empty ~= false and (lines[#lines] ~= '' or (#lines > 1 and lines[#lines - 1] ~= '')) then
      breaks = breaks + 1
    end
    self:append(('\n'):rep(breaks))
  end)
end

--- A line of ours, told from a model's by its colour.
---@private
---@param s string one line
---@param hl string
---@param empty? boolean whether an empty line comes before it; default true
function Transcript:say(s, hl, empty)
  self:fresh(empty)
  self:put(function()
    local row = last_row(self.buf)
    self:append(s .. '\n')
    api.nvim_buf_set_extmark(
      self.buf,
      ns,
      row,
      0,
      { end_row = row, end_col = #s, hl_group = hl, line_hl_group = hl, priority = 200 }
    )
  end)
end

--- Opens a block that is folded behind its title.
---@private
---@param key string
---@param title string one line
function Transcript:open(key, title)
  self:close()
  self:fresh()
  local tool = { callId = key, title = title, lines = 0 }
  self.tool = tool
  self:put(function()
    local row = last_row(self.buf)
    self:append(title)
    tool.mark = api.nvim_buf_set_extmark(self.buf, ns, row, 0, {
      end_row = row,
      end_col = #title,
      right_gravity = false,
      end_right_gravity = true,
      line_hl_group = 'PygentTool',
    })
    self:append('\n~~~~~~~~~~\n')
  end)
end

--- Ends the open block. What is given replaces what has streamed into it.
---@private
---@param title? string
---@param body? string
function Transcript:close(title, body)
  local tool = self.tool
  if not tool then
    return
  end
  self.tool = nil
  self:put(function()
    local mark = api.nvim_buf_get_extmark_by_id(self.buf, ns, tool.mark, { details = true })
    if not mark[1] then
      return
    end
    local row = mark[1]
    local lines = body and fold.body(body) or api.nvim_buf_get_lines(self.buf, row + 2, -1, false)
    if not body and lines[#lines] == '' then
      lines[#lines] = nil
    end
    local fence = fold.fence(lines)
    table.insert(lines, 1, title or tool.title)
    table.insert(lines, 2, fence)
    lines[#lines + 1] = fence
    api.nvim_buf_set_lines(self.buf, row, -1, false, lines)
    api.nvim_buf_set_extmark(self.buf, ns, row, 0, {
      id = tool.mark,
      end_row = row + #lines - 1,
      end_col = #fence,
      right_gravity = false,
      end_right_gravity = false,
      line_hl_group = 'PygentTool',
    })
    -- Folds were computed before the mark was there.
    api.nvim_buf_set_lines(self.buf, row, row + 1, false, { lines[1] })
    self:append('\n')
  end)
end

--- Empties the buffer.
function Transcript:clear()
  self.queue, self.first, self.tool, self.streamed = {}, 1, nil, false
  if api.nvim_buf_is_valid(self.buf) then
    vim.bo[self.buf].modifiable = true
    api.nvim_buf_clear_namespace(self.buf, ns, 0, -1)
    api.nvim_buf_set_lines(self.buf, 0, -1, false, {})
    vim.bo[self.buf].modifiable = false
  end
end

--- Adds what happened.
---@param event pygent.Event
function Transcript:event(event)
  local show = require('pygent.events')[event.kind]
  if show then
    show(self, event)
  end
end

return M
