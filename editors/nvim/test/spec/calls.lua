-- Calls of every tool, several side by side, the plan and the approvals, from the events that
-- every client's tests read.
local h = dofile(vim.fs.joinpath(vim.fs.dirname(vim.fs.dirname(arg[0])), 'helpers.lua'))
local approve = require('pygent.approve')
local bar = require('pygent.bar')
local chat = require('pygent.chat')
local turn = require('pygent.turn')

---@param name string
---@return table[]
local function read(name)
  local path = vim.fs.joinpath(h.here, '../../rpc/testdata/clients', name .. '.jsonl')
  return vim.tbl_map(vim.json.decode, vim.fn.readfile(path))
end

local events = read('calls')
local half = 0 -- the last event before the edits
for i, event in ipairs(events) do
  half = event.bytes == 12345 and i or half
end

h.setup(h.model({ h.says('Hello.') }))

---@param first integer
---@param last integer
local function show(first, last) vim.iter(vim.list_slice(events, first, last)):each(chat.event) end

h.test('a long call shows how far it is', function()
  vim.cmd('Pygent chat')
  h.ask('Hello?') -- the bar needs a server
  local busy = turn.busy
  turn.busy = function() return true end
  show(1, half)
  h.has(bar.rest(), '· writing write_file … 12 kB')
  show(half + 1, half + 1)
  h.lacks(bar.rest(), 'writing')
  chat.event({ kind = 'toolProgress', callId = 'x', tool = 'evil\n\27[2J', bytes = 2500000 })
  h.has(bar.rest(), 'writing evil\\n\\x1b[2J … 2.5 MB')
  chat.event({ kind = 'retrying', reason = 'it broke off' })
  h.lacks(bar.rest(), 'writing')
  turn.busy = busy
end)

h.test('the plan is changed in place', function()
  h.has(h.chat(), 'Plan: 0 of 3 done\n  ▸ look around\n  ○ change the parser\n  ○ run the tests\n')
  show(half + 2, #events)
  local shown = h.chat()
  h.has(shown, 'Plan: 2 of 3 done\n  ✓ look around\n  ✓ change the parser\n  ▸ run the tests\n')
  h.same(1, select(2, shown:gsub('look around', '')))
end)

h.test('every tool has its title and its own output', function()
  local shown, at = h.chat(), 1
  for _, event in ipairs(events) do
    if event.kind == 'toolStarted' then
      local failed = event.callId == 'c-bash' or event.callId == 'c-hello'
      local head = (failed and '✗ ' or '✓ ') .. event.title
      if event.detail then
        head = head .. ': ' .. event.detail:gsub('\n', '\\n')
      end
      local from = shown:find(head, at, true)
      h.same(true, from ~= nil, head .. ' is missing in\n' .. shown)
      local row, body = shown:match('^([^\n]*)\n(.-)\n~~~\n', from)
      h.has(row, head)
      h.has(body, 'output of ' .. event.callId)
      h.same(1, select(2, body:gsub('output of', '')))
      at = from + #head
    end
  end
  h.has(shown, '\n    10\t\tindented\n')
  h.has(shown, '▪ attached:  path="shot.png"')
  h.lacks(shown, '▸ Read')
end)

h.test('calls that end out of order are folded', function()
  local win = vim.fn.win_findbuf(h.buffer('pygent://chat'))[1]
  vim.api.nvim_win_call(win, function()
    vim.cmd.normal('zx')
    for _, head in ipairs({ '✓ Read: src', '✓ Find files', '✓ Search', '✓ Look at: shot', '✓ Stop' }) do
      local row = vim.fn.search('^' .. head, 'nw')
      h.same(row, vim.fn.foldclosed(row), head)
      h.same(true, vim.fn.foldclosedend(row) <= row + 5, head)
    end
    h.same(-1, vim.fn.foldclosed(vim.fn.search('^Plan: 2', 'nw')))
  end)
end)

h.test('the output of a call that other text follows stays in its row', function()
  local function call(kind, id, fields)
    chat.event(vim.tbl_extend('error', { kind = kind, callId = id, turnId = 'u' }, fields))
  end
  chat.event({ kind = 'turnStarted', turnId = 'u' })
  call('toolStarted', 'a', { title = 'First', detail = 'a' })
  call('toolOutput', 'a', { delta = 'live a\n' })
  call('toolStarted', 'b', { title = 'Second', detail = 'b' })
  chat.event({ kind = 'plan', turnId = 'u', plan = { { step = 'think\27[2J', status = 'unknown' } } })
  chat.event({ kind = 'notice', turnId = 'u', text = 'between' })
  call('approvalResolved', 'b', { decision = 'allow' })
  call('toolFinished', 'b', { text = '~~~~\nend b\n' })
  chat.event({ kind = 'notice', turnId = 'u', text = 'later' })
  call('toolFinished', 'a', { text = '', isError = true })
  call('toolFinished', 'unknown', { tool = 'who', text = 'end c' })
  chat.event({ kind = 'plan', turnId = 'u', plan = {} })
  local rows = {
    '✗ First: a\n~~~\n~~~\n\n',
    '✓ Second: b · allowed · 2 lines\n~~~~~\n~~~~\nend b\n~~~~~\n\n',
    'Plan: none\n\nbetween\n\nlater\n\n',
    '✓ who\n~~~\nend c\n~~~\n',
  }
  h.has(h.chat(), table.concat(rows))
end)

h.test('every tool that asks shows what it would do', function()
  for _, request in ipairs(read('approvals')) do
    local seen, answer = h.choose('Allow'), nil
    vim.schedule(coroutine.wrap(function() answer = approve.ask('agent/requestApproval', request).decision end))
    h.wait('answer', function() return answer end)
    local shown = seen.prompt .. '\n' .. table.concat(seen.preview or {}, '\n')
    h.has(shown:lower(), request.title:lower())
    if request.command then
      h.has(shown, vim.trim(request.command))
    end
    for _, change in ipairs(request.changes or {}) do
      h.has(shown, change.path)
      for line in change.patch:gmatch('\n([-+][^\n]+)') do
        if not line:find('^%+%+%+') then
          h.has(shown, line)
        end
      end
    end
  end
end)

h.finish()
