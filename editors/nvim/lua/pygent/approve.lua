--- Approvals and questions of the server. One is shown at a time, in a window that takes
--- no keys, so that the user can go on typing. The user starts the answer with a command.
--- A request that is put aside stays pending, and its turn waits.
local deliberate = require('pygent.deliberate')
local log = require('pygent.log')
local protocol = require('pygent.protocol')
local api = vim.api

local M = {}

---@class pygent.Asked
---@field question boolean
---@field params pygent.Approval|pygent.Question
---@field answer fun(answer: table) once; the first counts
---@field withdraw fun() called when the request is cancelled
---@field since number when it was asked
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
---@param params pygent.Approval|pygent.Question
---@param respond fun(answer: table)
---@param withdrawn? fun() called when it is cancelled
local function add(question, params, respond, withdrawn)
  local item = { question = question, params = params, since = deliberate.now() } ---@type pygent.Asked
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
---@param params pygent.Approval|pygent.Question
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

--- Shows the pending requests of a resumed session. An answer continues its turn.
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

--- The number of pending requests.
---@return integer
function M.pending() return #queue end

--- Answers a question with a message of the chat. False: no question is pending, or the
--- message was begun before the question could be read.
---@param message string
---@param begun number when
---@return boolean
function M.answer_question(message, begun)
  local item = shown or queue[1]
  if not item or not item.question or begun - item.since < deliberate.QUIET then
    return false
  end
  item.answer({ answer = message })
  return true
end

--- Removes a request that was answered elsewhere, or whose turn has ended.
---@param event pygent.Event
function M.event(event)
  for _, item in ipairs(vim.list_slice(queue)) do
    local answered = event.kind == 'approvalResolved' and item.params.requestKey == event.requestKey
    if answered or (event.kind == 'turnFinished' and item.params.sessionId == event.sessionId) then
      item.withdraw()
    end
  end
end

--- Drops all requests, because their server is gone.
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

--- Calls fn with the request; an error puts it aside.
---@param item pygent.Asked
---@param fn fun(item: pygent.Asked)
local function put(item, fn)
  shown = item
  local done = log.guard(function()
    require('pygent.chat').flush() -- while the editor shows choices, the conversation is not written
    fn(item)
    return true
  end)
  if not done() then
    later(item)
  end
end

--- Lets the user answer.
function M.again()
  if queue[1] then
    put(queue[1], function(item)
      require('pygent.prompt').ask(item, function() later(item) end)
    end)
  end
end

local waiting = false

--- Shows the first pending request, if any. Outside of normal mode it waits.
function M.show()
  if shown or not queue[1] then
    return
  end
  if api.nvim_get_mode().mode == 'n' then
    return put(queue[1], require('pygent.prompt').show)
  elseif not waiting then
    waiting = true
    log.notify('it asks: :Pygent answer takes the answer')
    api.nvim_create_autocmd('ModeChanged', {
      pattern = '*:n',
      once = true,
      callback = vim.schedule_wrap(function()
        waiting = false
        M.show()
      end),
    })
  end
end

return M
