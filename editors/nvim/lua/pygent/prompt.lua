--- Shows requests of the server: the exact command or the diff in a window that takes no
--- keys, and below it the choices when the user wants to answer.
local deliberate = require('pygent.deliberate')
local log = require('pygent.log')
local text = require('pygent.text')
local api = vim.api

local M = {}

local window ---@type integer?

--- Closes the window.
function M.close()
  if window and api.nvim_win_is_valid(window) then
    api.nvim_win_close(window, true)
  end
  window = nil
end

---@param lines string[]
---@param syntax? string
---@return integer
local function buffer(lines, syntax)
  local buf = api.nvim_create_buf(false, true)
  api.nvim_buf_set_lines(buf, 0, -1, false, lines)
  vim.bo[buf].modifiable, vim.bo[buf].bufhidden, vim.bo[buf].syntax = false, 'wipe', syntax or ''
  return buf
end

--- The number of rows of wrapped lines.
---@param lines string[]
---@param width integer
---@return integer
local function rows(lines, width)
  local n = 0
  for _, line in ipairs(lines) do
    n = n + math.max(1, math.ceil(vim.fn.strdisplaywidth(line) / width))
  end
  return n
end

--- Shows a request. False: it does not fit the window.
---@param lines string[]
---@param title string
---@param syntax? string
---@param hint string how to answer
---@return boolean all
local function preview(lines, title, syntax, hint)
  M.close()
  local width, room = math.max(20, vim.o.columns - 6), math.max(3, vim.o.lines - 14)
  local height = rows(lines, width)
  window = api.nvim_open_win(buffer(lines, syntax), false, {
    relative = 'editor',
    row = 1,
    col = 2,
    width = width,
    height = math.min(height, room),
    style = 'minimal',
    border = 'rounded',
    title = (' %s '):format(title),
    footer = height > room and (' ✂ cut: %d more rows · %s '):format(height - room, hint) or (' %s '):format(hint),
    zindex = 60,
  })
  vim.wo[window].wrap, vim.wo[window].linebreak = true, false
  vim.cmd.redraw()
  return height <= room
end

---@param params pygent.Approval
---@return string[] lines, string? syntax
local function details(params)
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

---@class pygent.Choice
---@field label string
---@field answer? table
---@field feedback? boolean the user gives a reason first
---@field look? boolean shows the request in a normal window and leaves it pending

---@param params pygent.Approval
---@param all boolean everything can be seen
---@return pygent.Choice[]
local function choices(params, all)
  local rule = params.rule and ': ' .. text.line(params.rule, 40) or ''
  local known = {
    allow = { label = 'Allow' },
    allowForSession = { label = 'Allow for this session' .. rule },
    deny = { label = 'Deny' },
    cancelTurn = { label = 'Stop the turn' },
  }
  local list = {} ---@type pygent.Choice[]
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
  if not all then
    list[#list + 1] = { label = 'Show all of it, and ask later', look = true }
  end
  return list
end

---@param params pygent.Approval
---@return string
local function title(params)
  local what = ({
    command = 'run a command',
    edit = 'change files',
    apply = 'apply changes',
    network = 'use the network',
  })[params.kind]
  local who = params.taskId and 'A delegated agent' or 'Pygent'
  return ('%s wants to %s'):format(who, what or text.line(params.kind, 20))
end

--- The lines of a request, the window's title and the syntax.
---@param item pygent.Asked
---@return string[] lines, string title, string? syntax
local function content(item)
  if item.question then
    return text.exact(item.params.question), 'Pygent asks'
  end
  local params = item.params --[[@as pygent.Approval]]
  local lines, syntax = details(params)
  return lines, title(params), syntax
end

---@param later fun()
---@return fun()
local function too_soon(later)
  return function()
    later()
    log.notify('that was typed too soon to be an answer: :Pygent answer')
  end
end

---@param item pygent.Asked
---@param later fun()
---@param all boolean everything can be seen
local function approval(item, later, all)
  local params = item.params --[[@as pygent.Approval]]
  local function why()
    vim.ui.input({ prompt = 'Why not? ' }, function(reason)
      if not reason then
        return later()
      end
      item.answer({ decision = 'deny', feedback = reason })
    end)
  end
  local function chosen(choice)
    if choice and choice.answer then
      item.answer(choice.answer)
    elseif choice and choice.feedback then
      why()
    else
      later()
      if choice then
        local lines, _, syntax = content(item)
        api.nvim_open_win(buffer(lines, syntax), true, { split = 'above' })
      end
    end
  end
  vim.ui.select(choices(params, all), {
    prompt = title(params) .. ':',
    kind = 'pygent.approval',
    format_item = function(choice) return choice.label end,
  }, deliberate.answer(too_soon(later), chosen))
end

---@param item pygent.Asked
---@param later fun()
local function question(item, later)
  local params = item.params --[[@as pygent.Question]]
  local function write()
    vim.ui.input(
      { prompt = 'Answer: ' },
      deliberate.answer(too_soon(later), function(answer)
        if not answer or answer == '' then
          return later()
        end
        item.answer({ answer = answer })
      end)
    )
  end
  if not params.options or #params.options == 0 then
    return write()
  end
  local options = vim.list_extend({}, params.options)
  options[#options + 1] = false
  vim.ui.select(
    options,
    {
      prompt = 'Pygent asks:',
      kind = 'pygent.question',
      format_item = function(option) return option and text.line(option) or 'Something else' end,
    },
    deliberate.answer(too_soon(later), function(option)
      if option == nil then
        return later()
      elseif option == false then
        return write()
      end
      item.answer({ answer = option })
    end)
  )
end

--- Shows a request, and how to answer it.
---@param item pygent.Asked
function M.show(item)
  local lines, name, syntax = content(item)
  preview(lines, name, syntax, 'answer: :Pygent answer, or ga in the chat')
end

--- Asks the user for the answer. Calls later if the user puts it aside.
---@param item pygent.Asked
---@param later fun()
function M.ask(item, later)
  local lines, name, syntax = content(item)
  local all = preview(lines, name, syntax, 'an answer counts after a second')
  if item.question then
    return question(item, later)
  end
  approval(item, later, all)
end

return M
