--- The buffer for the next message, and the history of sent messages.
local approve = require('pygent.approve')
local deliberate = require('pygent.deliberate')
local scratch = require('pygent.scratch')
local turn = require('pygent.turn')
local api = vim.api

local M = {}

local KEPT = 100 -- messages in the history

local buf ---@type integer?
local sent, at = {}, 1 ---@type string[], integer
local begun ---@type number? when the message was begun
local draft = '' -- the text before the first step into the history

---@return integer? buf
function M.buffer() return scratch.there(buf) and buf or nil end

---@return string
local function words() return table.concat(api.nvim_buf_get_lines(buf, 0, -1, false), '\n') end

--- Sets the text of the buffer.
---@param message string
function M.set(message)
  if M.buffer() then
    local lines = vim.split(message, '\n', { plain = true })
    api.nvim_buf_set_lines(buf, 0, -1, false, lines)
    for _, win in ipairs(vim.fn.win_findbuf(buf)) do
      api.nvim_win_set_cursor(win, { #lines, #lines[#lines] })
    end
  end
end

--- Sends the message.
function M.send()
  local message = vim.trim(words())
  if message == '' then
    return
  end
  sent[#sent + 1] = message
  if #sent > KEPT then
    table.remove(sent, 1)
  end
  at = #sent + 1
  M.set('')
  local since = begun or deliberate.now()
  begun = nil
  vim.cmd.stopinsert()
  if not approve.answer_question(message, since) then
    turn.ask(message)
  end
end

--- Shows an earlier or a later message of the history.
---@param step integer
local function recall(step)
  local to = at + step
  if to < 1 or to > #sent + 1 then
    return
  elseif at == #sent + 1 then
    draft = words()
  end
  at = to
  M.set(sent[at] or draft)
end

--- Makes the buffer. map(modes, lhs, rhs, desc) maps a key in it.
---@param made integer
---@param map fun(modes: string|string[], lhs: string, rhs: string|fun(), desc: string)
function M.use(made, map)
  buf = made
  api.nvim_create_autocmd({ 'TextChanged', 'TextChangedI', 'TextChangedP' }, {
    buffer = made,
    callback = function() begun = words() ~= '' and (begun or deliberate.now()) or nil end,
  })
  map({ 'n', 'i' }, '<C-s>', M.send, 'send')
  map('n', '<CR>', M.send, 'send')
  map('i', '<CR>', function()
    if vim.fn.pumvisible() == 1 then
      return api.nvim_feedkeys(vim.keycode('<C-y>'), 'n', false)
    end
    M.send()
  end, 'send')
  map('i', '<C-j>', '<C-j>', 'new line') -- unchanged; mapped only to be listed in the help
  map({ 'n', 'i' }, '<C-Up>', function() recall(-1) end, 'the message before')
  map({ 'n', 'i' }, '<C-Down>', function() recall(1) end, 'the message after')
end

return M
