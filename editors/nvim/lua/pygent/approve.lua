--- What the server asks the user: approvals and questions. One is shown at a time,
--- in normal mode only, so that nobody answers by typing on. One that is put
--- aside waits; the turn waits with it.
local log = require('pygent.log')
local protocol = require('pygent.protocol')
local api = vim.api

local M = {}

---@class pygent.Asked
---@field question boolean
---@field params pygent.Approval|pygent.AgentQuestion
---@field answer fun(answer: table) once; the first counts
---@field withdraw fun() it is not waited for any more
---@field done? boolean

local queue = {} ---@type pygent.Asked[]
local shown ---@type pygent.Asked?

---@param item pygent.Asked
local function settle(item)
  item.done = true
  queue = vim.tbl_filter(function(other) return other ~= item end, queue)
  if shown == item then
    shown = nil
    require('pygent.prompt').close()
  end
  vim.schedule(function()
    vim.cmd.redrawstatus({ bang = true })
    M.show()
  end)
end

---@param question boolean
---@param params pygent.Approval|pygent.AgentQuestion
---@param respond fun(answer: table)
---@param withdrawn? fun() absent: there is nobody to be told
local function add(question, params, respond, withdrawn)
  local item = { question = question, params = params } ---@type pygent.Asked
  local function once(fn)
    return function(answer)
      if not item.done then
        settle(item)
        if fn then
          fn(answer)
        end
      end
    end
  end
  item.answer, item.withdraw = once(respond), once(withdrawn)
  queue[#queue + 1] = item
  vim.schedule(function()
    require('pygent.session').autocmd('PygentAsks', { question = question, params = params })
    vim.cmd.redrawstatus({ bang = true })
    M.show()
  end)
end

--- Handles a request of the server, in its coroutine.
---@param method string
---@param params pygent.Approval|pygent.AgentQuestion
---@return table
function M.ask(method, params)
  local thread = coroutine.running()
  local question = method == protocol.methods.agentAskUser
  local function respond(answer)
    local ok, err = coroutine.resume(thread, answer)
    if not ok then
      log.write('an answer was not sent: ' .. tostring(err))
    end
  end
  add(question, params, respond, function() respond(question and { cancelled = true } or { decision = 'deny' }) end)
  return coroutine.yield()
end

--- Asks again what the last server of a resumed session had asked. The answer goes
--- on with that turn.
---@param connection pygent.Connection
---@param id string of the session
---@param done? fun(asked: boolean)
function M.left(connection, id, done)
  done = done or function() end
  if not connection:has(protocol.methods.agentPendingRequests) then
    return done(false)
  end
  local function respond(key, answer)
    connection:request(protocol.methods.agentRespond, { requestKey = key, response = answer }, function(err)
      if err then
        log.error(require('pygent.session').describe(err))
      end
    end)
  end
  connection:request(protocol.methods.agentPendingRequests, { sessionId = id }, function(err, result)
    for _, pending in ipairs(err and {} or result.requests) do
      local known = vim.iter(queue):any(function(item) return item.params.requestKey == pending.requestKey end)
      if not known then
        add(
          pending.kind == 'question',
          pending.approval or pending.question,
          function(answer) respond(pending.requestKey, answer) end
        )
      end
    end
    done(#queue > 0)
  end)
end

--- How many wait for the user.
---@return integer
function M.pending() return #queue end

--- Answers a question with a message of the chat. False: none waits.
---@param message string
---@return boolean
function M.answer_question(message)
  local item = shown or queue[1]
  if not item or not item.question then
    return false
  end
  item.answer({ answer = message })
  return true
end

--- Withdraws what was answered elsewhere, or whose turn has ended.
---@param event pygent.Event
function M.event(event)
  for _, item in ipairs(vim.list_slice(queue)) do
    local answered = event.kind == 'approvalResolved' and item.params.requestKey == event.requestKey
    if answered or (event.kind == 'turnFinished' and item.params.sessionId == event.sessionId) then
      item.withdraw()
    end
  end
end

--- Drops everything: the server that asked is gone.
function M.forget()
  for _, item in ipairs(queue) do
    item.done = true
  end
  queue, shown = {}, nil
  if package.loaded['pygent.prompt'] then
    require('pygent.prompt').close()
  end
end

---@param item pygent.Asked
local function later(item)
  if not item.done then
    shown = nil
    require('pygent.prompt').close()
    log.notify('it waits for an answer: :Pygent answer, or :Pygent stop')
  end
end

--- Shows it again at the user's word, also when a picker was closed without a word.
function M.again()
  shown = nil
  M.show()
end

local waiting = false

--- Shows the first that waits, if any; in another mode than normal, later.
function M.show()
  if shown or not queue[1] then
    return
  end
  if api.nvim_get_mode().mode ~= 'n' then
    if not waiting then
      waiting = true
      log.notify('it asks: leave this mode to answer')
      api.nvim_create_autocmd('ModeChanged', {
        pattern = '*:n',
        once = true,
        callback = vim.schedule_wrap(function()
          waiting = false
          M.show()
        end),
      })
    end
    return
  end
  local item = queue[1]
  shown = item
  local put = log.guard(function()
    require('pygent.chat').flush() -- the editor's own choices keep the conversation from being written
    require('pygent.prompt').show(item, function() later(item) end)
    return true
  end)
  if not put() then
    later(item)
  end
end

return M
