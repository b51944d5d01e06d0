--- The chat: the conversation in one window, and below it the one in which the
--- next message is written.
local approve = require('pygent.approve')
local config = require('pygent.config')
local session = require('pygent.session')
local text = require('pygent.text')
local fold = require('pygent.fold')
local transcript = require('pygent.transcript')
local api = vim.api

local M = {}

local chat ---@type pygent.Transcript?
local input ---@type integer? buffer

local function highlights()
  local links = {
    PygentUser = 'Title',
    PygentAgent = 'Title',
    PygentTool = 'Special',
    PygentNote = 'Comment',
    PygentChange = 'Directory',
    PygentError = 'ErrorMsg',
  }
  for name, link in pairs(links) do
    api.nvim_set_hl(0, name, { link = link, default = true })
  end
end

---@param name string
---@param filetype string
---@return integer
local function buffer(name, filetype)
  local buf = api.nvim_create_buf(false, true)
  api.nvim_buf_set_name(buf, name)
  vim.bo[buf].bufhidden = 'hide'
  vim.bo[buf].filetype = filetype
  return buf
end

---@param buf? integer
---@return integer? win in this tab page
local function window(buf)
  for _, win in ipairs(api.nvim_tabpage_list_wins(0)) do
    if buf and api.nvim_win_get_buf(win) == buf then
      return win
    end
  end
end

--- The state in a few words, for the window's bar and for status lines.
---@return string
function M.status()
  local state = session.state()
  if approve.pending() > 0 then
    return 'asks'
  end
  return not state.connection and 'off' or session.busy() and 'working' or 'ready'
end

--- The bar above the conversation.
---@return string
function M.bar()
  local state, parts = session.state(), { 'Pygent', M.status() }
  if state.connection then
    vim.list_extend(parts, { state.mode, state.sandbox })
  end
  if state.usage then
    parts[#parts + 1] = text.count(state.usage.inputTokens + state.usage.outputTokens) .. ' tokens'
  end
  return text.line(table.concat(parts, ' · '))
end

local function send()
  local lines = api.nvim_buf_get_lines(input, 0, -1, false)
  local message = vim.trim(table.concat(lines, '\n'))
  if message == '' then
    return
  end
  api.nvim_buf_set_lines(input, 0, -1, false, {})
  vim.cmd.stopinsert() -- what is asked next must not be answered by typing on
  if not approve.answer_question(message) then
    session.ask(message)
  end
end

local function keys(buf)
  local function map(modes, lhs, rhs, desc)
    vim.keymap.set(modes, lhs, rhs, { buffer = buf, nowait = true, desc = 'Pygent: ' .. desc })
  end
  map({ 'n', 'i' }, '<C-c>', session.stop, 'stop')
  map('n', 'q', M.close, 'close the chat')
  map('n', 'ga', approve.show, 'answer')
  if buf == input then
    map({ 'n', 'i' }, '<C-s>', send, 'send')
    map('n', '<CR>', send, 'send')
    vim.keymap.set(
      'i',
      '<CR>',
      function() return vim.fn.pumvisible() == 1 and '<C-y>' or '<Cmd>lua require("pygent.chat").send()<CR>' end,
      { buffer = buf, expr = true, desc = 'Pygent: send' }
    )
    map('i', '<C-j>', '<C-v>\r', 'new line')
  else
    map('n', 'i', M.focus, 'write a message')
    map('n', 'a', M.focus, 'write a message')
  end
end
M.send = send

local live = { textDelta = true, reasoningDelta = true, toolOutput = true }

--- Takes what happened in the conversation.
---@param event pygent.Event
function M.event(event)
  chat:event(event)
  if not live[event.kind] then
    vim.cmd.redrawstatus()
  end
end

--- Makes the buffers that are not there.
local function buffers()
  if not (chat and api.nvim_buf_is_valid(chat.buf)) then
    highlights()
    local buf = buffer('pygent://chat', 'pygent')
    local made = transcript.new(buf)
    if not chat then
      session.listen(M.event)
    end
    chat = made
    keys(buf)
  end
  if not (input and api.nvim_buf_is_valid(input)) then
    input = buffer('pygent://message', 'pygent-message')
    keys(input)
  end
end

--- Puts the cursor where messages are written, ready to type.
function M.focus()
  local win = window(input)
  if win then
    api.nvim_set_current_win(win)
    vim.cmd.startinsert({ bang = true })
  end
end

--- Shows the chat; starts the server when it is entered.
---@param options? { enter?: boolean } enter: default true
function M.open(options)
  local before = api.nvim_get_current_win()
  local enter = not options or options.enter ~= false
  buffers()
  if enter then
    session.open(function() end)
  end
  local win = window(chat.buf)
  if not win then
    local c = config.get()
    local width = c.width < 1 and math.floor(vim.o.columns * c.width) or c.width
    win = api.nvim_open_win(chat.buf, false, { split = 'right', win = -1, width = width })
    fold.window(win)
    vim.wo[win].winfixwidth = true
    vim.wo[win].winbar = "%{v:lua.require'pygent.chat'.bar()}%<"
    api.nvim_win_set_cursor(win, { api.nvim_buf_line_count(chat.buf), 0 })
  end
  if not window(input) then
    local below = api.nvim_open_win(input, false, { split = 'below', win = win, height = config.get().input_height })
    vim.wo[below].winfixheight = true
    vim.wo[below].winbar = '<CR> sends · <C-j> new line · <C-c> stops%<'
    vim.wo[below].wrap, vim.wo[below].number, vim.wo[below].signcolumn = true, false, 'no'
  end
  if enter then
    M.focus()
  else
    api.nvim_set_current_win(before)
  end
end

--- Hides the chat; the conversation goes on.
function M.close()
  for _, buf in ipairs({ input or -1, chat and chat.buf or -1 }) do
    local win = window(buf)
    if win and #api.nvim_tabpage_list_wins(0) > 1 then
      api.nvim_win_close(win, true)
    end
  end
end

--- Writes what is queued, now.
function M.flush()
  if chat then
    while chat.timer do
      chat:write()
    end
  end
end

return M
