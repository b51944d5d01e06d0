--- The chat: a window with the conversation, and below it one for the next message.
local approve = require('pygent.approve')
local bar = require('pygent.bar')
local config = require('pygent.config')
local fold = require('pygent.fold')
local input = require('pygent.input')
local scratch = require('pygent.scratch')
local session = require('pygent.session')
local transcript = require('pygent.transcript')
local turn = require('pygent.turn')
local api = vim.api

local M = {}

--- Columns of the chat on a small screen, at most half of it.
local NARROW = 56
local FLUSH = 40 -- milliseconds

local chat ---@type pygent.Transcript?
local early ---@type pygent.Event[]? events that arrive while the past ones are read

---@param buf? integer
---@return integer? win in this tab page
local function window(buf)
  for _, win in ipairs(api.nvim_tabpage_list_wins(0)) do
    if buf and api.nvim_win_get_buf(win) == buf then
      return win
    end
  end
end

--- Writes queued text for a short time, and scrolls windows whose cursor is at the end. Only
--- in normal mode.
function M.flush()
  if not chat then
    return
  end
  chat:write(FLUSH)
  for _, win in ipairs(chat:followers()) do
    api.nvim_win_call(win, function() vim.cmd.normal({ 'zb', bang = true }) end)
  end
end

--- Shows keys and commands.
function M.help()
  M.buffers()
  require('pygent.help').open({
    { title = 'Where the message is written', buf = input.buffer() },
    { title = 'In the conversation', buf = chat.buf },
  })
end
--- Opens the diff of the changed file on the cursor's line, or a fold.
local function open_line()
  local target = chat:target(api.nvim_win_get_cursor(0)[1] - 1)
  if target then
    require('pygent.changes').show(target.path, target.turn)
  elseif vim.fn.foldlevel('.') > 0 then
    vim.cmd.normal({ 'za', bang = true })
  end
end

---@param buf integer
---@return fun(modes: string|string[], lhs: string, rhs: string|fun(), desc: string)
local function mapper(buf)
  local function map(modes, lhs, rhs, desc)
    vim.keymap.set(modes, lhs, rhs, { buffer = buf, nowait = true, desc = 'Pygent: ' .. desc })
  end
  map('n', '<C-c>', turn.stop, 'stop the turn')
  map('n', 'q', M.close, 'close the chat')
  map('n', 'ga', approve.again, 'answer what waits')
  map('n', 'g?', M.help, 'keys and commands')
  return map
end

local live = { textDelta = true, reasoningDelta = true, toolOutput = true }

--- Takes an event of the conversation.
---@param event pygent.Event
function M.event(event)
  chat:event(event)
  if early and event.seq then
    early[#early + 1] = event
  end
  if not live[event.kind] then
    bar.follow()
  end
end

--- Reads the past events of the conversation, because it began before the chat was opened,
--- or the user has deleted the buffer.
local function restore()
  local id, made, since = session.state().id, chat, {}
  early = since
  require('pygent.kept').read(id, function(found, cut)
    if chat ~= made or early ~= since or session.state().id ~= id then
      return
    end
    early = nil
    chat:clear()
    if cut then
      chat:event({ kind = 'notice', level = 'info', text = 'what was before is not shown' })
    end
    vim.iter(found:events()):each(function(event) chat:event(event) end)
    for _, event in ipairs(since) do
      if event.seq > found.seq then
        chat:event(event)
      end
    end
  end)
end

--- Makes missing buffers.
function M.buffers()
  if not (chat and scratch.there(chat.buf)) then
    require('pygent.highlight').define()
    local made = transcript.new(scratch.make('pygent://chat', 'pygent'))
    if not chat then
      session.listen(M.event)
    end
    chat = made
    local map = mapper(made.buf)
    map('n', '<CR>', open_line, 'open a tool call, or the diff of a changed file')
    map('n', 'i', M.focus, 'write a message')
    map('n', 'a', M.focus, 'write a message')
    if session.state().id then
      restore()
    end
  end
  if not input.buffer() then
    local buf = scratch.make('pygent://message', 'pygent-message')
    local map = mapper(buf)
    map('i', '<C-c>', turn.stop, 'stop the turn')
    input.use(buf, map)
  end
end

--- Puts the cursor into the message window, ready to type.
function M.focus()
  local win = window(input.buffer())
  if win then
    api.nvim_set_current_win(win)
    vim.cmd.startinsert({ bang = true })
  end
end

---@return integer columns
local function width()
  local c, columns = config.get(), vim.o.columns
  if c.width >= 1 then
    return math.floor(c.width)
  end
  return math.max(math.floor(columns * c.width), math.min(NARROW, math.floor(columns / 2)))
end

---@return integer win of the conversation
local function show_conversation()
  local win = window(chat.buf)
  if not win then
    win = api.nvim_open_win(chat.buf, false, { split = 'right', win = -1, width = width() })
    fold.window(win)
    vim.wo[win].winfixwidth = true
    vim.wo[win].winbar = bar.format
    api.nvim_win_set_cursor(win, { api.nvim_buf_line_count(chat.buf), 0 })
  end
  return win
end

---@param above integer win
local function show_input(above)
  if window(input.buffer()) then
    return
  end
  local options = { split = 'below', win = above, height = config.get().input_height }
  local win = api.nvim_open_win(input.buffer(), false, options)
  vim.wo[win].winfixheight = true
  vim.wo[win].winbar = '%#PygentNote#<CR> send · <C-c> stop · g? keys%*%<'
  vim.wo[win].wrap, vim.wo[win].linebreak, vim.wo[win].number = true, true, false
  vim.wo[win].relativenumber, vim.wo[win].signcolumn = false, 'no'
end

--- Shows the chat. Starts the server when it enters the chat.
---@param options? { enter?: boolean } enter: default true
function M.open(options)
  local before = api.nvim_get_current_win()
  local enter = not options or options.enter ~= false
  M.buffers()
  if enter then
    session.open(function() end)
  end
  show_input(show_conversation())
  if enter then
    M.focus()
  else
    api.nvim_set_current_win(before)
  end
end

--- Hides the chat; the conversation goes on.
function M.close()
  for _, buf in ipairs({ input.buffer() or -1, chat and chat.buf or -1 }) do
    local win = window(buf)
    if win and #api.nvim_tabpage_list_wins(0) > 1 then
      api.nvim_win_close(win, true)
    end
  end
end

--- Writes all queued text now.
function M.flush()
  if chat then
    while chat.timer do
      chat:write()
    end
  end
end

return M
