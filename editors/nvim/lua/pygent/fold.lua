--- Folds of a transcript: tool calls, attached files, reasoning. They come from marks, not
--- from the text of a line, so that no text can forge one.
local text = require('pygent.text')
local api = vim.api

local M = {}

--- The namespace of the marks. A mark that spans several lines is a fold.
M.ns = api.nvim_create_namespace('pygent.transcript')

local MAX_SHOWN = 1000 -- lines of one tool's answer

--- Sets a window up for folds.
---@param win integer
function M.window(win)
  local options = {
    foldmethod = 'expr',
    foldexpr = "v:lua.require'pygent.fold'.level(v:lnum)",
    foldtext = '',
    foldlevel = 0,
    foldenable = true,
    fillchars = 'fold: ',
    conceallevel = 0, -- a link shows its address
    wrap = true,
    linebreak = true,
    breakindent = true,
    number = false,
    relativenumber = false,
    signcolumn = 'no',
    spell = false,
    list = false,
  }
  for name, value in pairs(options) do
    api.nvim_set_option_value(name, value, { win = win, scope = 'local' })
  end
end

---@param lnum integer
---@return string
function M.level(lnum)
  local row = lnum - 1
  for _, m in ipairs(api.nvim_buf_get_extmarks(0, M.ns, { row, 0 }, { row, -1 }, { overlap = true, details = true })) do
    if m[4].end_row and m[4].end_row > m[2] then
      return m[2] == row and '>1' or '1'
    end
  end
  return '0'
end

local behind = {} ---@type table<integer, true> buffers whose folds are computed after insert mode

--- Computes the folds of a buffer when insert mode ends, because in insert mode the editor
--- computes no folds in any window.
---@param buf integer
function M.settle(buf)
  if behind[buf] or not api.nvim_get_mode().mode:find('^[iR]') then
    return
  end
  behind[buf] = true
  api.nvim_create_autocmd('ModeChanged', {
    pattern = '[iR]*:[^iR]*',
    once = true,
    callback = vim.schedule_wrap(function()
      behind[buf] = nil
      for _, win in ipairs(vim.fn.win_findbuf(buf)) do
        api.nvim_set_option_value('foldmethod', 'expr', { win = win, scope = 'local' })
      end
    end),
  })
end

--- The shown lines of a tool's answer.
---@param body string
---@return string[]
function M.body(body)
  local lines = vim.split(text.safe(body), '\n', { plain = true })
  if lines[#lines] == '' then
    lines[#lines] = nil
  end
  if #lines > MAX_SHOWN then
    local tail = vim.list_slice(lines, #lines - MAX_SHOWN / 4 + 1)
    local left = #lines - MAX_SHOWN
    lines = vim.list_slice(lines, 1, MAX_SHOWN - #tail)
    lines[#lines + 1] = ('… %d lines are not shown …'):format(left)
    vim.list_extend(lines, tail)
  end
  return lines
end

--- A fence that none of the lines closes.
---@param lines string[]
---@return string
function M.fence(lines)
  local longest = 2
  for _, line in ipairs(lines) do
    longest = math.max(longest, #(line:match('^%s*(~+)') or ''))
  end
  return ('~'):rep(longest + 1)
end

return M
