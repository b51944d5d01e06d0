--- Delegated agents: a list that keeps itself up to date, their output, and what
--- can be done with them.
local log = require('pygent.log')
local protocol = require('pygent.protocol')
local text = require('pygent.text')
local fold = require('pygent.fold')
local transcript = require('pygent.transcript')
local api = vim.api

local M = {}

local tasks = {} ---@type table<string, pygent.Task>
local order = {} ---@type string[]
local list ---@type integer? buffer
local outputs = {} ---@type table<string, pygent.Transcript>

local HELP = '<CR> output · c cancel · C collect a file · s send a message · x remove · q close'
local live = { queued = true, running = true, waiting = true }

local function session() return require('pygent.session') end

---@param task pygent.Task
---@return string
local function row(task)
  local changes = #task.changes > 0 and ' · ' .. text.many(#task.changes, 'file') or ''
  return ('%-11s %s  %s%s'):format(
    text.line(task.state),
    text.line(task.name ~= '' and task.name or task.prompt, 48),
    text.many(task.steps, 'step'),
    changes
  )
end

local function draw()
  if not (list and api.nvim_buf_is_valid(list)) then
    return
  end
  local lines = { HELP, '' }
  for _, id in ipairs(order) do
    lines[#lines + 1] = row(tasks[id])
  end
  if #order == 0 then
    lines[#lines + 1] = 'No tasks: :Pygent task {text} starts one.'
  end
  vim.bo[list].modifiable = true
  api.nvim_buf_set_lines(list, 0, -1, false, lines)
  vim.bo[list].modifiable = false
end

---@param task pygent.Task
local function keep(task)
  if not tasks[task.taskId] then
    order[#order + 1] = task.taskId
  end
  tasks[task.taskId] = task
end

--- Takes a change of state.
---@param task pygent.Task
function M.changed(task)
  local before = tasks[task.taskId]
  keep(task)
  draw()
  session().autocmd('PygentTaskChanged', { task = task })
  if not live[task.state] and (not before or live[before.state]) then
    local level = task.state == 'finished' and vim.log.levels.INFO or vim.log.levels.WARN
    log.notify(('task %s: %s'):format(task.name ~= '' and task.name or task.prompt, task.status), level)
  elseif task.state == 'waiting' and before and before.state ~= 'waiting' then
    log.notify(('task %s asks: :Pygent tasks, then s'):format(task.name))
  end
end

--- Takes an event of a delegated agent.
---@param event pygent.Event
function M.event(event)
  local output = outputs[event.taskId]
  if output and api.nvim_buf_is_valid(output.buf) then
    output:event(event)
  end
end

--- Forgets the tasks of a server that is gone.
function M.forget()
  tasks, order, outputs = {}, {}, {}
  draw()
end

---@param method string
---@param params table
---@param done? fun(result: any)
local function request(method, params, done)
  local connection = session().state().connection
  if not connection or not connection:has(method) then
    return log.notify('this server cannot do that')
  end
  connection:request(method, params, function(err, result)
    if err then
      return log.error(session().describe(err))
    end
    if done then
      done(result)
    end
  end)
end

--- Starts a delegated agent.
---@param prompt string
---@param files? string[]
function M.start(prompt, files)
  session().open(function(failed)
    if failed then
      return
    end
    local params = { prompt = prompt, files = files, sessionId = session().state().id }
    request(protocol.methods.tasksStart, params, function() log.notify('the task runs: :Pygent tasks shows it') end)
  end)
end

---@return pygent.Task?
local function here() return tasks[order[api.nvim_win_get_cursor(0)[1] - 2]] end

---@param task pygent.Task
local function output(task)
  local buf = api.nvim_create_buf(false, true)
  vim.bo[buf].bufhidden = 'wipe'
  local shown = transcript.new(buf)
  local win = api.nvim_open_win(buf, true, { split = 'below' })
  fold.window(win)
  vim.wo[win].winbar = 'output of a task'
  require('pygent.kept').history(task.sessionId, 0, function(event) shown:event(event) end)
  outputs[task.taskId] = shown
end

---@param task pygent.Task
local function collect(task)
  local paths = vim.tbl_map(
    function(c) return c.path end,
    vim.tbl_filter(function(c) return c.change ~= 'deleted' end, task.changes)
  )
  if #paths == 0 then
    return log.notify('the task has changed no files')
  end
  vim.ui.select(
    paths,
    { prompt = 'Collect:', kind = 'pygent.collect', format_item = function(p) return text.line(p) end },
    function(path)
      if not path then
        return
      end
      local params = { taskId = task.taskId, path = path, sessionId = session().state().id }
      request(protocol.methods.filesCollect, params, function(result)
        local first = result.skipped[1]
        log.notify(
          first and #result.files == 0 and ('%s was left out: %s'):format(first.path, first.reason) or result.text
        )
        require('pygent.files').reload(session().state().root)
      end)
    end
  )
end

local function map(key, desc, fn)
  vim.keymap.set('n', key, function()
    local task = here()
    if task then
      fn(task)
    end
  end, { buffer = list, nowait = true, desc = 'Pygent: ' .. desc })
end

local function keys()
  map('<CR>', 'show the output', output)
  map('C', 'collect a file', collect)
  map('c', 'cancel', function(task) request(protocol.methods.tasksCancel, { taskId = task.taskId }) end)
  map('x', 'remove', function(task)
    request(protocol.methods.tasksRemove, { taskId = task.taskId }, function()
      tasks[task.taskId] = nil
      order = vim.tbl_filter(function(id) return id ~= task.taskId end, order)
      draw()
    end)
  end)
  map('s', 'send a message', function(task)
    vim.ui.input({ prompt = 'To the task: ' }, function(message)
      if message and message ~= '' then
        request('tasks/send', { taskId = task.taskId, prompt = message })
      end
    end)
  end)
  vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = list, nowait = true, desc = 'Pygent: close' })
end

--- Shows the list.
function M.open()
  if not (list and api.nvim_buf_is_valid(list)) then
    list = api.nvim_create_buf(false, true)
    api.nvim_buf_set_name(list, 'pygent://tasks')
    vim.bo[list].filetype = 'pygent-tasks'
    keys()
  end
  draw()
  local win = vim.fn.win_findbuf(list)[1]
  if win then
    api.nvim_set_current_win(win)
  else
    win = api.nvim_open_win(list, true, { split = 'below', height = 10 })
    vim.wo[win].number, vim.wo[win].wrap, vim.wo[win].cursorline = false, false, true
  end
  session().open(function(failed)
    if failed then
      return
    end
    request(protocol.methods.tasksList, {}, function(result)
      for _, task in ipairs(result.tasks) do
        keep(task)
      end
      draw()
      if api.nvim_win_is_valid(win) and #order > 0 then
        api.nvim_win_set_cursor(win, { 3, 0 })
      end
    end)
  end)
end

return M
