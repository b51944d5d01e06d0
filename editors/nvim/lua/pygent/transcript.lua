--- A conversation as the text of a buffer: lines of the plugin, replies, and blocks that are
--- folded under their titles. It knows events and one buffer.
local code = require('pygent.code')
local fold = require('pygent.fold')
local Writer = require('pygent.writer')
local api = vim.api

local ns = fold.ns

---@class pygent.Transcript : pygent.Writer
---@field streamed boolean the current reply has arrived in deltas
---@field tool? pygent.Block the open block
---@field call? {id: string, what: string} the last started call
---@field private began? integer mark at the start of the current reply
---@field private targets table<integer, pygent.Target> by mark

---@class pygent.Block
---@field callId string
---@field mark integer spans the block
---@field colour integer mark of the title
---@field title string
---@field lines integer
---@field what? string the call
---@field decision? string the user's

---@class pygent.Target the file that a line names
---@field turn string
---@field path string

local Transcript = setmetatable({}, Writer)
Transcript.__index = Transcript

local M = {}

--- Makes a transcript of an empty buffer.
---@param buf integer
---@return pygent.Transcript
function M.new(buf)
  local fields = { streamed = false, targets = {} }
  vim.bo[buf].syntax = 'pygent'
  return setmetatable(vim.tbl_extend('error', Writer.fields(buf), fields), Transcript)
end

--- The line above a reply.
M.REPLY = '## Pygent'

--- Begins a new line. Adds an empty line before it unless the text before is empty or the
--- head of a reply.
---@private
---@param empty? boolean default true
function Transcript:fresh(empty)
  self:put(function()
    local row = self:last()
    local lines = api.nvim_buf_get_lines(self.buf, math.max(0, row - 1), row + 1, true)
    if #lines == 1 and lines[1] == '' then
      return
    end
    local breaks = lines[#lines] ~= '' and 1 or 0
    local before = lines[#lines] ~= '' and lines[#lines] or lines[#lines - 1]
    if empty ~= false and before ~= '' and before ~= M.REPLY then
      breaks = breaks + 1
    end
    self:append(('\n'):rep(breaks))
  end)
end

--- Colours a line of the plugin.
---@private
---@param row integer
---@param s string the text of the line
---@param hl string
---@return integer mark
function Transcript:colour(row, s, hl)
  return api.nvim_buf_set_extmark(self.buf, ns, row, 0, { end_row = row, end_col = #s, hl_group = hl, priority = 200 })
end

--- Adds a line of the plugin. Its colour distinguishes it from the model's text.
---@private
---@param s string one line
---@param hl string
---@param empty? boolean whether an empty line comes before it; default true
---@param target? pygent.Target
function Transcript:say(s, hl, empty, target)
  self:fresh(empty)
  self:put(function()
    local row = self:last()
    self:append(s .. '\n')
    self.targets[self:colour(row, s, hl)] = target
  end)
end

--- The file that a line names.
---@param row integer
---@return pygent.Target?
function Transcript:target(row)
  for _, mark in ipairs(api.nvim_buf_get_extmarks(self.buf, ns, { row, 0 }, { row, -1 }, {})) do
    if self.targets[mark[1]] then
      return self.targets[mark[1]]
    end
  end
end

--- Marks the start of a reply.
---@private
function Transcript:begin()
  self:put(
    function() self.began = api.nvim_buf_set_extmark(self.buf, code.ns, self:last(), 0, { right_gravity = false }) end
  )
end

--- Colours the code of a complete reply.
---@private
function Transcript:whole()
  self:put(function()
    local mark = self.began and api.nvim_buf_get_extmark_by_id(self.buf, code.ns, self.began, {})
    if mark and mark[1] then
      api.nvim_buf_del_extmark(self.buf, code.ns, self.began)
      self:first_do(code.steps(self.buf, mark[1]))
    end
    self.began = nil
  end)
end

--- Opens a block that is folded under its title.
---@private
---@param key string
---@param title string one line
function Transcript:open(key, title)
  self:close()
  self:fresh()
  local tool = { callId = key, title = title, lines = 0 }
  self.tool = tool
  self:put(function()
    local row = self:last()
    self:append(title)
    tool.mark = api.nvim_buf_set_extmark(self.buf, ns, row, 0, {
      end_row = row,
      end_col = #title,
      right_gravity = false,
      end_right_gravity = true,
    })
    tool.colour = self:colour(row, title, 'PygentTool')
    self:append('\n~~~~~~~~~~\n')
    fold.settle(self.buf)
  end)
end

--- Ends the open block. Given parts replace the streamed ones.
---@private
---@param title? string
---@param body? string
---@param hl? string of the title, if it differs
function Transcript:close(title, body, hl)
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
    api.nvim_buf_del_extmark(self.buf, ns, tool.colour)
    api.nvim_buf_set_lines(self.buf, row, -1, false, lines)
    api.nvim_buf_set_extmark(self.buf, ns, row, 0, {
      id = tool.mark,
      end_row = row + #lines - 1,
      end_col = #fence,
      right_gravity = false,
      end_right_gravity = false,
    })
    -- Folds were computed before the mark existed, so compute them again.
    api.nvim_buf_set_lines(self.buf, row, row + 1, false, { lines[1] })
    self:colour(row, lines[1], hl or 'PygentTool')
    self:append('\n')
    fold.settle(self.buf)
  end)
end

--- Drops the marks of the first rows; -1: all.
---@protected
---@param rows integer
function Transcript:forget(rows)
  for _, mark in ipairs(api.nvim_buf_get_extmarks(self.buf, ns, 0, rows < 0 and -1 or { rows, 0 }, {})) do
    self.targets[mark[1]] = nil
  end
  api.nvim_buf_clear_namespace(self.buf, ns, 0, rows)
  api.nvim_buf_clear_namespace(self.buf, code.ns, 0, rows)
end

--- Empties the buffer.
function Transcript:clear()
  self.tool, self.streamed, self.began = nil, false, nil
  self:reset()
end

--- Adds an event.
---@param event pygent.Event
function Transcript:event(event)
  local show = require('pygent.events')[event.kind]
  if show then
    show(self, event)
  end
end

return M
