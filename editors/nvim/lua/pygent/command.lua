--- :Pygent and its subcommands. Arguments are text for the model or names of subcommands
--- and values; none is executed as an ex-command.
local config = require('pygent.config')
local log = require('pygent.log')
local protocol = require('pygent.protocol')
local session = require('pygent.session')
local text = require('pygent.text')
local turn = require('pygent.turn')

local M = {}

---@class pygent.Call
---@field rest string the text after the subcommand
---@field first? integer line, when there is a range
---@field last? integer
---@field buf integer

---@class pygent.Subcommand
---@field run fun(call: pygent.Call)
---@field desc string
---@field values? string[] completion

---@param call pygent.Call
---@return pygent.ContextItem[]?
local function selected(call)
  if not call.first then
    return nil
  end
  local root = session.state().root or config.root(call.buf)
  return { require('pygent.files').selection(root, call.buf, call.first, call.last) }
end

---@param call pygent.Call
---@param prompt string
local function say(call, prompt)
  local context = selected(call)
  require('pygent.chat').open({ enter = false })
  turn.ask(prompt, { context = context })
end

---@param call pygent.Call
local function ask(call)
  if call.rest ~= '' then
    return say(call, call.rest)
  end
  vim.ui.input({ prompt = 'Ask Pygent: ' }, function(prompt)
    if prompt and prompt ~= '' then
      say(call, prompt)
    end
  end)
end

---@param call pygent.Call
local function fix(call)
  call.first = call.first or vim.api.nvim_win_get_cursor(0)[1]
  call.last = call.last or call.first
  local lines = {}
  for _, d in ipairs(vim.diagnostic.get(call.buf)) do
    if d.lnum + 1 <= call.last and (d.end_lnum or d.lnum) + 1 >= call.first then
      lines[#lines + 1] = ('- line %d: %s'):format(d.lnum + 1, d.message)
    end
  end
  if #lines == 0 then
    return log.notify('there are no diagnostics here')
  end
  say(call, 'Fix what is reported here:\n' .. table.concat(lines, '\n'))
end

---@param s pygent.SessionBrief
---@return string
local function brief(s)
  local title = s.title ~= '' and s.title or '(nothing said)'
  local when = s.updatedAt:sub(1, 16):gsub('T', ' ')
  local folder = vim.fs.basename(vim.uri_to_fname(s.root))
  return ('%s  %s  %s  %s'):format(when, text.line(title, 50), text.line(folder), s.state)
end

local function sessions()
  session.request(protocol.methods.sessionList, {}, function(result)
    vim.ui.select(
      result.sessions,
      { prompt = 'Conversations:', kind = 'pygent.session', format_item = brief },
      function(chosen)
        if chosen and turn.idle() then
          require('pygent.chat').open()
          vim.cmd.stopinsert() -- the user reads the past events first, and folds work only in normal mode
          require('pygent.kept').resume(chosen)
        end
      end
    )
  end)
end

local function rewind()
  require('pygent.rewind').choose(function(words)
    local chat = require('pygent.chat')
    chat.open()
    if words ~= '' then
      require('pygent.input').set(words)
    end
  end)
end

---@param call pygent.Call
local function mode(call)
  local modes = { 'plan', 'ask', 'auto' }
  if vim.tbl_contains(modes, call.rest) then
    return require('pygent.kept').configure(call.rest)
  end
  vim.ui.select(modes, { prompt = 'Mode:' }, function(chosen)
    if chosen then
      require('pygent.kept').configure(chosen)
    end
  end)
end

---@param call pygent.Call
local function task(call)
  if call.rest ~= '' then
    return require('pygent.tasks').start(call.rest)
  end
  vim.ui.input({ prompt = 'Delegate: ' }, function(prompt)
    if prompt and prompt ~= '' then
      require('pygent.tasks').start(prompt)
    end
  end)
end

---@type table<string, pygent.Subcommand>
M.subcommands = {
  chat = { run = function() require('pygent.chat').open() end, desc = 'show the chat' },
  ask = { run = ask, desc = 'ask, about the range when there is one' },
  fix = { run = fix, desc = 'fix the diagnostics of the range' },
  diff = { run = function() require('pygent.changes').diff() end, desc = 'show what the last turn changed' },
  undo = {
    run = function() require('pygent.changes').undo() end,
    desc = 'undo what the last turn changed; again: redo',
  },
  task = { run = task, desc = 'delegate a task' },
  tasks = { run = function() require('pygent.tasklist').open() end, desc = 'list the tasks' },
  sessions = { run = sessions, desc = 'go on with an earlier conversation' },
  new = {
    run = function()
      if turn.idle() then
        session.new(function() require('pygent.chat').open() end)
      end
    end,
    desc = 'begin another conversation',
  },
  answer = {
    run = function()
      if require('pygent.approve').pending() == 0 then
        return log.notify('nothing waits for an answer')
      end
      require('pygent.approve').again()
    end,
    desc = 'answer what waits',
  },
  rewind = { run = rewind, desc = 'go back to before a message' },
  stop = { run = turn.stop, desc = 'stop the running turn' },
  mode = { run = mode, desc = 'plan, ask or auto', values = { 'plan', 'ask', 'auto' } },
  help = { run = function() require('pygent.chat').help() end, desc = 'list keys and commands' },
  log = { run = log.open, desc = 'show the log' },
  restart = { run = session.restart, desc = 'restart the server' },
}

--- Runs the command.
---@param args vim.api.keyset.create_user_command.command_args
function M.run(args)
  if vim.fn.has('nvim-0.11') == 0 then
    return log.error('this needs Neovim 0.11 or newer')
  end
  local name, rest = args.args:match('^(%S*)%s*(.-)%s*$')
  local found = M.subcommands[name == '' and 'chat' or name]
  if not found then
    return log.error(('there is no :Pygent %s; there are %s'):format(name, table.concat(M.names(), ', ')))
  end
  local ranged = args.range > 0
  log.guard(found.run)({
    rest = rest,
    first = ranged and args.line1 or nil,
    last = ranged and args.line2 or nil,
    buf = vim.api.nvim_get_current_buf(),
  })
end

---@return string[]
function M.names()
  local names = vim.tbl_keys(M.subcommands)
  table.sort(names)
  return names
end

--- Completes subcommands and their values.
---@param lead string
---@param line string
---@return string[]
function M.complete(lead, line)
  local name = line:match('Pygent%s+(%S+)%s')
  local values = name and ((M.subcommands[name] or {}).values or {}) or M.names()
  return vim.tbl_filter(function(value) return vim.startswith(value, lead) end, values)
end

return M
