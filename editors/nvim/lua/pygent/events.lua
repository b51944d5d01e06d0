--- Writes each kind of event to a transcript.
local text = require('pygent.text')

--- Width of the detail in a tool's row.
local WIDTH = 56
--- Lines of output shown while the tool runs.
local LIVE = 500

---@type table<string, fun(t: pygent.Transcript, e: pygent.Event)>
local M = {}

--- The title and detail of a call, made by the tool. Events of older servers lack them.
---@param e pygent.Event
---@return string
local function called(e)
  local title, detail = e.title or e.tool, e.title and e.detail or not e.title and e.arguments
  title = text.line(title or '', 24)
  return detail and ('%s: %s'):format(title, text.line(detail, WIDTH)) or title
end

function M.message(t, e)
  t:close()
  if e.role == 'user' then
    t:say('## You', 'PygentUser')
    local words, attached = text.words(e.text or '')
    t:put(words)
    if attached then
      t:open('context', '▪ attached: ' .. text.line(attached:match('^<context_*([^>\n]*)>') or '', WIDTH))
      t:close(nil, attached)
    end
    t:say(require('pygent.transcript').REPLY, 'PygentAgent')
  elseif not t.streamed and e.text and e.text ~= '' then
    t:fresh()
    t:begin()
    t:put(e.text)
  end
  t:whole()
  t.streamed = false
end

function M.textDelta(t, e)
  if not t.streamed then
    t:close()
    t:fresh()
    t:begin()
  end
  t.streamed = true
  t:put(e.delta)
end

function M.reasoningDelta(t, e)
  if not t.tool then
    t:open('reasoning', '▪ thinking')
  end
  t:put(e.delta)
end

---@param t pygent.Transcript
---@param e pygent.Event
---@param what string
local function row(t, e, what)
  t:open(e.callId, '▸ ' .. what)
  t.tool.what = what
end

--- The row of a call. A call that a killed server had started gets a new row.
---@param t pygent.Transcript
---@param e pygent.Event
---@return pygent.Block
local function row_of(t, e)
  if not t.tool or t.tool.callId ~= e.callId then
    row(t, e, t.call and t.call.id == e.callId and t.call.what or text.line(e.tool or '', 24))
  end
  return t.tool
end

function M.toolStarted(t, e)
  t.call = { id = e.callId, what = called(e) }
  row(t, e, t.call.what)
end

function M.toolOutput(t, e)
  local tool = t.tool
  if not tool or tool.callId ~= e.callId or tool.lines > LIVE then
    return
  end
  tool.lines = tool.lines + select(2, e.delta:gsub('\n', '\n'))
  t:put(tool.lines > LIVE and e.delta .. '\n… the rest comes when it has ended …\n' or e.delta)
end

function M.toolFinished(t, e)
  local tool = row_of(t, e)
  local failed = e.isError or (e.exitCode or 0) ~= 0
  local parts = { (failed and '✗ ' or '✓ ') .. (tool.what or '') }
  if (e.exitCode or 0) ~= 0 then
    parts[#parts + 1] = ('exit %d'):format(e.exitCode)
  end
  parts[#parts + 1] = tool.decision
  if (e.durationSeconds or 0) >= 1 then
    parts[#parts + 1] = ('%.1f s'):format(e.durationSeconds)
  end
  local lines = select(2, (e.text or ''):gsub('\n', '\n'))
  if lines > 1 then
    parts[#parts + 1] = ('%d lines'):format(lines)
  end
  t:close(table.concat(parts, ' · '), e.text or '', failed and 'PygentFailed' or nil)
end

function M.retrying(t, e)
  t:say(('… asks again in %.0f s: %s'):format(e.delaySeconds or 0, text.line(e.reason or '')), 'PygentNote', false)
end

function M.notice(t, e)
  t:close()
  t:say(text.line(e.text or ''), e.level == 'error' and 'PygentError' or 'PygentNote')
end

function M.compacted(t) t:say('… older parts were summed up for the model', 'PygentNote') end

function M.reverted(t)
  t:close()
  t:say('… files are what they were before a turn', 'PygentNote')
end

function M.rewound(t)
  t:close()
  t:say('… the conversation and the files are what they were before an earlier message', 'PygentNote')
end

local marks = { added = 'A', modified = 'M', deleted = 'D', renamed = 'R' }

---@param t pygent.Transcript
---@param e pygent.Event
local function changed(t, e)
  for i, c in ipairs(e.changes or {}) do
    local from = c.from and text.line(c.from) .. ' → ' or ''
    t:say(
      ('%s %s%s +%d -%d'):format(marks[c.change] or '?', from, text.line(c.path), c.added, c.removed),
      'PygentChange',
      i == 1,
      { turn = e.turnId, path = c.path }
    )
  end
end

function M.turnFinished(t, e)
  t:close()
  t:whole()
  t.streamed = false
  if e.error then
    t:say(text.line(e.error.message), 'PygentError')
    local hint = e.error.data and e.error.data.hint
    if hint then
      t:say(text.line(hint), 'PygentNote', false)
    end
  end
  changed(t, e)
  local usage = e.usage or { inputTokens = 0, outputTokens = 0 }
  local parts = {
    text.line(e.status or ''),
    ('%s in, %s out'):format(text.count(usage.inputTokens), text.count(usage.outputTokens)),
  }
  if e.reason and e.reason ~= e.status then
    table.insert(parts, 2, text.line(e.reason))
  end
  t:say(table.concat(parts, ' · '), 'PygentNote', not (e.changes and #e.changes > 0))
  if e.question then
    M.question(t, e.question)
  end
end

---@param question pygent.TurnQuestion
function M.question(t, question)
  t:say('It asks:', 'PygentAgent')
  t:put(question.text)
  for i, option in ipairs(question.options or {}) do
    t:say(('%d. %s'):format(i, text.line(option)), 'PygentNote', i == 1)
  end
end

local decisions = {
  allow = 'allowed',
  allowForSession = 'allowed for the session',
  deny = 'denied',
  cancelTurn = 'stopped',
  withdrawn = 'not answered',
}

--- Writes the decision to the row of the call; without a row, to a new line.
function M.approvalResolved(t, e)
  local decision = decisions[e.decision] or text.line(e.decision or 'answered')
  if e.feedback and e.feedback ~= '' then
    decision = decision .. ': ' .. text.line(e.feedback, WIDTH)
  end
  if e.callId then
    row_of(t, e).decision = decision
  else
    t:close()
    t:say('… ' .. decision, 'PygentNote')
  end
end

function M.clientSession(t) t:clear() end

function M.clientFailed(t, e)
  t:close()
  t:say(text.line(e.text), 'PygentError')
end

function M.clientEnded(t, e)
  t:close()
  t.streamed = false
  t:say(text.line(e.text), 'PygentError')
end

function M.clientRestarted(t, e) t:say(text.line(e.text), 'PygentNote', false) end

--- Writes the start of a new conversation.
function M.clientNew(t, e)
  t:say('In ' .. text.line(vim.fn.fnamemodify(e.text, ':~')), 'PygentNote')
  t:say('Write below. <CR> here opens a tool call, or the diff of a changed file. g? lists keys.', 'PygentNote', false)
end

return M
