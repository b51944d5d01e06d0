--- What the server asks the user: approvals and questions. One is shown at a time,
--- in normal mode only, so that nobody answers by typing on. One that is put
--- aside waits; the turn waits with it.
local log = require('pygent.log')
local protocol = require('pygent.protocol')
local text = require('pygent.text')
local api = vim.api

local M = {}

---@class pygent.Asked
---@field question boolean
---@field params pygent.Approval|pygent.Question
---@field answer fun(answer: table) once; the first counts
---@field done? boolean

local queue = {} ---@type pygent.Asked[]
local shown ---@type pygent.Asked?
local preview ---@type integer? window

local function close_preview()
  if preview and api.nvim_win_is_valid(preview) then
    api.nvim_win_close(preview, true)
  end
  preview = nil
end

--- Handles a request of the server, in its coroutine.
---@param method string
---@param params pygent.Approval|pygent.Question
---@return table
function M.ask(method, params)
  local thread = coroutine.running()
  local item = { question = method == protocol.methods.agentAskUser, params = params } ---@type pygent.Asked
  function item.answer(answer)
    if item.done then
      return
    end
    item.done = true
    queue = vim.tbl_filter(function(other) return other ~= item end, queue)
    if shown == item then
      shown = nil
      close_preview()
    end
    local ok, err = coroutine.resume(thread, answer)
    if not ok then
      log.write('an answer was not sent: ' .. tostring(err))
    end
    vim.schedule(M.show)
  end
  queue[#queue + 1] = item
  vim.schedule(function()
    require('pygent.session').autocmd('PygentAsks', { question = item.question, params = params })
    vim.cmd.redrawstatus()
    M.show()
  end)
  return coroutine.yield()
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
    local same = item.params.sessionId == event.sessionId
    if event.kind == 'approvalResolved' and item.params.requestKey == event.requestKey then
      item.answer({ decision = 'deny' })
    elseif event.kind == 'turnFinished' and same then
      item.answer(item.question and { cancelled = true } or { decision = 'deny' })
    end
  end
end

--- Drops everything: the server that asked is gone.
function M.forget()
  queue, shown = {}, nil
  close_preview()
end

--- Shows what is to be approved above the choices.
---@param lines string[]
---@param title string
---@param syntax? string
local function show_preview(lines, title, syntax)
  close_preview()
  local buf = api.nvim_create_buf(false, true)
  api.nvim_buf_set_lines(buf, 0, -1, false, lines)
  vim.bo[buf].modifiable, vim.bo[buf].bufhidden, vim.bo[buf].syntax = false, 'wipe', syntax or ''
  local room = math.max(3, vim.o.lines - 14)
  preview = api.nvim_open_win(buf, false, {
    relative = 'editor',
    row = 1,
    col = 2,
    width = math.max(20, vim.o.columns - 6),
    height = math.min(#lines, room),
    border = 'rounded',
    title = ' ' .. title .. ' ',
    zindex = 60,
  })
  vim.wo[preview].wrap, vim.wo[preview].number, vim.wo[preview].list = true, false, false
  vim.cmd.redraw()
end

---@param item pygent.Asked
---@return string[] lines, string? syntax
local function details(item)
  local params = item.params --[[@as pygent.Approval]]
  if params.changes and #params.changes > 0 then
    local lines = {}
    for _, change in ipairs(params.changes) do
      lines[#lines + 1] = '# ' .. text.line(change.path)
      vim.list_extend(lines, text.exact((change.patch:gsub('\n$', ''))))
    end
    return lines, 'diff'
  end
  return text.exact(params.command or params.title)
end

---@param params pygent.Approval
---@return { label: string, answer?: table, feedback?: boolean }[]
local function choices(params)
  local rule = params.rule and ': ' .. text.line(params.rule, 40) or ''
  local known = {
    allow = { label = 'Allow' },
    allowForSession = { label = 'Allow for this session' .. rule },
    deny = { label = 'Deny' },
    cancelTurn = { label = 'Stop the turn' },
  }
  local list = {}
  for _, option in ipairs(params.options) do
    local choice = known[option]
    if choice then
      choice.answer = { decision = option }
      list[#list + 1] = choice
    end
    if option == 'deny' then
      list[#list + 1] = { label = 'Deny, and say why', feedback = true }
    end
  end
  return list
end

---@param item pygent.Asked
local function later(item)
  shown = nil
  close_preview()
  if not item.done then
    log.notify('it waits for an answer: :Pygent answer, or :Pygent stop')
  end
end

---@param item pygent.Asked
local function approval(item)
  local params = item.params --[[@as pygent.Approval]]
  local lines, syntax = details(item)
  local who = params.taskId and 'A delegated agent' or 'Pygent'
  local what = ({
    command = 'run a command',
    edit = 'change files',
    apply = 'apply changes',
    network = 'use the network',
  })[params.kind]
  local title = ('%s wants to %s'):format(who, what or text.line(params.kind, 20))
  show_preview(lines, title, syntax)
  vim.ui.select(choices(params), {
    prompt = title .. ':',
    kind = 'pygent.approval',
    format_item = function(choice) return choice.label end,
  }, function(choice)
    if not choice then
      return later(item)
    elseif choice.answer then
      return item.answer(choice.answer)
    end
    vim.ui.input({ prompt = 'Why not? ' }, function(reason)
      if not reason then
        return later(item)
      end
      item.answer({ decision = 'deny', feedback = reason })
    end)
  end)
end

---@param item pygent.Asked
local function question(item)
  local params = item.params --[[@as pygent.Question]]
  local function write()
    vim.ui.input({ prompt = 'Answer: ' }, function(answer)
      if not answer or answer == '' then
        return later(item)
      end
      item.answer({ answer = answer })
    end)
  end
  show_preview(text.exact(params.question), 'Pygent asks')
  if not params.options or #params.options == 0 then
    return write()
  end
  local options = vim.list_extend({}, params.options)
  options[#options + 1] = false
  vim.ui.select(options, {
    prompt = 'Pygent asks:',
    kind = 'pygent.question',
    format_item = function(option) return option and text.line(option) or 'Something else' end,
  }, function(option)
    if option == nil then
      return later(item)
    elseif option == false then
      return write()
    end
    item.answer({ answer = option })
  end)
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
  shown = queue[1]
  log.guard(shown.question and question or approval)(shown)
end

return M
