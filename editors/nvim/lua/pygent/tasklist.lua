--- The list of delegated agents: a buffer that updates itself, with keys for the actions.
local fold = require('pygent.fold')
local log = require('pygent.log')
local scratch = require('pygent.scratch')
local session = require('pygent.session')
local tasks = require('pygent.tasks')
local text = require('pygent.text')
local transcript = require('pygent.transcript')
local api = vim.api

local M = {}

local ns = api.nvim_create_namespace('pygent.tasks')
local HELP = '<CR> output  c cancel  C collect a file  s send a message  x remove  q close'
local list ---@type integer? buffer

local colours = {
  queued = 'PygentNote',
  running = 'PygentWorking',
  waiting = 'PygentAsks',
  finished = 'PygentReady',
}

---@param task pygent.Task
---@return string
local function row(task)
  local parts = { text.many(task.steps, 'step') }
  if #task.changes > 0 then
    parts[#parts + 1] = text.many(#task.changes, 'file')
  end
  if task.error and task.error ~= '' then
    parts[#parts + 1] = text.line(task.error, 60)
  end
  return ('%-11s %s  %s'):format(text.line(task.state), tasks.name(task), table.concat(parts, ' · '))
end

--- Draws the list if it exists.
function M.draw()
  if not scratch.there(list) then
    return
  end
  local all, lines = tasks.all(), { HELP, '' }
  for _, task in ipairs(all) do
    lines[#lines + 1] = row(task)
  end
  if #all == 0 then
    lines[#lines + 1] = 'No tasks: :Pygent task {text} starts one.'
  end
  vim.bo[list].modifiable = true
  api.nvim_buf_set_lines(list, 0, -1, false, lines)
  vim.bo[list].modifiable = false
  api.nvim_buf_set_extmark(list, ns, 0, 0, { end_col = #HELP, hl_group = 'PygentNote' })
  for i, task in ipairs(all) do
    local hl = colours[task.state] or 'PygentFailed'
    api.nvim_buf_set_extmark(list, ns, i + 1, 0, { end_col = #text.line(task.state), hl_group = hl })
  end
end

--- Shows the events of a task's agent from the beginning.
---@param task pygent.Task
local function output(task)
  local buf = api.nvim_create_buf(false, true)
  vim.bo[buf].bufhidden = 'wipe'
  local shown = transcript.new(buf)
  local win = api.nvim_open_win(buf, true, { split = 'below' })
  fold.window(win)
  vim.wo[win].winbar = 'output of a task · q closes'
  vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = buf, nowait = true, desc = 'Pygent: close' })
  tasks.watch(task, function(event)
    if not api.nvim_buf_is_valid(buf) then
      return false
    end
    shown:event(event)
  end)
end

---@param task pygent.Task
local function collect(task)
  local paths = {}
  for _, change in ipairs(task.changes) do
    if change.change ~= 'deleted' then
      paths[#paths + 1] = change.path
    end
  end
  if #paths == 0 then
    return log.notify('the task has changed no files')
  end
  local options = { prompt = 'Collect:', kind = 'pygent.collect', format_item = function(p) return text.line(p) end }
  vim.ui.select(paths, options, function(path)
    if path then
      tasks.collect(task, path)
    end
  end)
end

---@param task pygent.Task
local function send(task)
  vim.ui.input({ prompt = 'To the task: ' }, function(message)
    if message and message ~= '' then
      tasks.send(task, message)
    end
  end)
end

local function keys()
  local function map(key, desc, fn)
    vim.keymap.set('n', key, function()
      local task = tasks.all()[api.nvim_win_get_cursor(0)[1] - 2]
      if task then
        log.guard(fn)(task)
      end
    end, { buffer = list, nowait = true, desc = 'Pygent: ' .. desc })
  end
  map('<CR>', 'show the output', output)
  map('C', 'collect a file', collect)
  map('c', 'cancel', tasks.cancel)
  map('x', 'remove', tasks.remove)
  map('s', 'send a message', send)
  vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = list, nowait = true, desc = 'Pygent: close' })
end

--- Shows the list.
function M.open()
  require('pygent.highlight').define()
  if not scratch.there(list) then
    list = scratch.make('pygent://tasks', 'pygent-tasks')
    keys()
  end
  M.draw()
  local win = vim.fn.win_findbuf(list)[1]
  if win then
    api.nvim_set_current_win(win)
  else
    win = api.nvim_open_win(list, true, { split = 'below', height = 10 })
    vim.wo[win].number, vim.wo[win].wrap, vim.wo[win].cursorline = false, false, true
  end
  session.open(function(failed)
    if not failed then
      tasks.refresh(function()
        if api.nvim_win_is_valid(win) and #tasks.all() > 0 and api.nvim_win_get_cursor(win)[1] < 3 then
          api.nvim_win_set_cursor(win, { 3, 0 })
        end
      end)
    end
  end)
end

return M
