--- How what the server asks is put before the user: the exact command or the diff
--- in a window above, and below it the choices.
local text = require('pygent.text')
local api = vim.api

local M = {}

local window ---@type integer?

--- Takes the window away.
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

--- How many rows lines take where they are wrapped.
---@param lines string[]
---@param width integer
---@param enough integer where counting ends
local function rows(lines, width, enough)
  local n = 0
  for _, line in ipairs(lines) do
    n = n + math.max(1, math.ceil(vim.fn.strdisplaywidth(line) / width))
    if n > enough then
      break
    end
  end
  return n
end

--- Shows what is to be answered above the choices. False: not all of it can be seen.
---@param lines string[]
---@param title string
---@param syntax? string
---@return boolean all
local function preview(lines, title, syntax)
  M.close()
  local width, room = math.max(20, vim.o.columns - 6), math.max(3, vim.o.lines - 14)
  local height = rows(lines, width, room)
  window = api.nvim_open_win(buffer(lines, syntax), false, {
    relative = 'editor',
    row = 1,
    col = 2,
    width = width,
    height = math.min(height, room),
    style = 'minimal',
    border = 'rounded',
    title = (' %s '):format(title),
    footer = height > room and ' … there is more ' or nil,
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
---@field feedback? boolean the user says why first
---@field look? boolean it is shown in a window of its own, and waits

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

---@param item pygent.Asked
---@param later fun()
local function approval(item, later)
  local params = item.params --[[@as pygent.Approval]]
  local lines, syntax = details(params)
  local all = preview(lines, title(params), syntax)
  vim.ui.select(choices(params, all), {
    prompt = title(params) .. ':',
    kind = 'pygent.approval',
    format_item = function(choice) return choice.label end,
  }, function(choice)
    if choice and choice.answer then
      return item.answer(choice.answer)
    elseif not choice or not choice.feedback then
      later()
      if choice and choice.look then
        api.nvim_open_win(buffer(lines, syntax), true, { split = 'above' })
      end
      return
    end
    vim.ui.input({ prompt = 'Why not? ' }, function(reason)
      if not reason then
        return later()
      end
      item.answer({ decision = 'deny', feedback = reason })
    end)
  end)
end

---@param item pygent.Asked
---@param later fun()
local function question(item, later)
  local params = item.params --[[@as pygent.AgentQuestion]]
  local function write()
    vim.ui.input({ prompt = 'Answer: ' }, function(answer)
      if not answer or answer == '' then
        return later()
      end
      item.answer({ answer = answer })
    end)
  end
  preview(text.exact(params.question), 'Pygent asks')
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
      return later()
    elseif option == false then
      return write()
    end
    item.answer({ answer = option })
  end)
end

--- Asks the user. later is called when that is put aside.
---@param item pygent.Asked
---@param later fun()
function M.show(item, later) (item.question and question or approval)(item, later) end

return M
