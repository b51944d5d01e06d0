--- Delegated agents: their states and the actions on them. tasklist.lua draws the list.
local files = require('pygent.files')
local log = require('pygent.log')
local protocol = require('pygent.protocol')
local session = require('pygent.session')
local text = require('pygent.text')

local M = {}

local tasks = {} ---@type table<string, pygent.Task>
local order = {} ---@type string[]
local watchers = {} ---@type table<string, fun(event: pygent.Event): boolean?> by task; false ends it
local live = { queued = true, running = true, waiting = true }

local function draw()
  if package.loaded['pygent.tasklist'] then
    require('pygent.tasklist').draw()
  end
end

--- All known tasks, oldest first.
---@return pygent.Task[]
function M.all()
  return vim.tbl_map(function(id) return tasks[id] end, order)
end

--- The number of tasks that have not ended.
---@return integer
function M.running()
  return #vim.tbl_filter(function(task) return live[task.state] end, M.all())
end

--- Stores a task's state unless the stored one is newer, because a notification can arrive
--- before an older answer.
---@param task pygent.Task
---@return boolean taken
local function keep(task)
  local known = tasks[task.taskId]
  if known and task.revision < known.revision then
    return false
  end
  if not known then
    order[#order + 1] = task.taskId
  end
  tasks[task.taskId] = task
  return true
end

---@param task pygent.Task
---@return string
local function name(task) return text.line(task.name ~= '' and task.name or task.prompt, 48) end
M.name = name

--- Takes a change of state.
---@param task pygent.Task
function M.changed(task)
  local before = tasks[task.taskId]
  if not keep(task) then
    return
  end
  draw()
  session.autocmd('PygentTaskChanged', { task = task })
  if not live[task.state] and (not before or live[before.state]) then
    local level = task.state == 'finished' and vim.log.levels.INFO or vim.log.levels.WARN
    log.notify(('task %s: %s'):format(name(task), task.status), level)
  elseif task.state == 'waiting' and before and before.state ~= 'waiting' then
    log.notify(('task %s asks: :Pygent tasks, then s'):format(name(task)))
  end
  require('pygent.bar').draw()
end

--- Takes an event of a delegated agent.
---@param event pygent.Event
function M.event(event)
  local watch = watchers[event.taskId]
  if watch and watch(event) == false then
    watchers[event.taskId] = nil
  end
end

--- Calls each with the past and the new events of a task's agent, until it returns false.
---@param task pygent.Task
---@param each fun(event: pygent.Event): boolean?
function M.watch(task, each)
  local early, last = {}, 0
  watchers[task.taskId] = function(event)
    if event.seq then
      early[#early + 1] = event -- the pages that are being read may not have it
    end
  end
  require('pygent.kept').history(task.sessionId, 0, function(event)
    last = event.seq or last
    each(event)
  end, function()
    for _, event in ipairs(early) do
      if event.seq > last then
        each(event)
      end
    end
    watchers[task.taskId] = each
  end)
end

--- Forgets the tasks of a server that is gone.
function M.forget()
  tasks, order, watchers = {}, {}, {}
  draw()
end

--- Asks the server for the list.
---@param done fun()
function M.refresh(done)
  session.request(protocol.methods.tasksList, {}, function(result)
    for _, task in ipairs(result.tasks) do
      keep(task)
    end
    draw()
    done()
  end)
end

--- Starts a delegated agent.
---@param prompt string
function M.start(prompt)
  session.open(function(failed)
    if not failed then
      local params = { prompt = prompt, sessionId = session.state().id }
      session.request(protocol.methods.tasksStart, params, function(result)
        local task = tasks[result.taskId]
        if not task or live[task.state] then -- else its end was already reported
          log.notify('the task runs: :Pygent tasks shows it')
        end
      end)
    end
  end)
end

---@param task pygent.Task
function M.cancel(task) session.request(protocol.methods.tasksCancel, { taskId = task.taskId }) end

---@param task pygent.Task
function M.remove(task)
  session.request(protocol.methods.tasksRemove, { taskId = task.taskId }, function()
    tasks[task.taskId], watchers[task.taskId] = nil, nil
    order = vim.tbl_filter(function(id) return id ~= task.taskId end, order)
    draw()
  end)
end

---@param task pygent.Task
---@param message string
function M.send(task, message)
  local params = { taskId = task.taskId, prompt = message }
  session.request(protocol.methods.tasksSend, params)
end

--- Copies a file of the task into the workspace, unless the user has unwritten changes in it.
---@param task pygent.Task
---@param path string
function M.collect(task, path)
  local state = session.state()
  if vim.tbl_contains(files.dirty(state.root or '') or {}, path) then
    return files.unwritten(path)
  end
  local params = { taskId = task.taskId, path = path, sessionId = state.id }
  session.request(protocol.methods.filesCollect, params, function(result)
    local first = result.skipped[1]
    local left = first and #result.files == 0
    log.notify(left and ('%s was left out: %s'):format(first.path, first.reason) or result.text)
    files.reload(state.root)
  end)
end

return M
