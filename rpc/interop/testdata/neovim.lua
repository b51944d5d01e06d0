-- The conversation of interop_test.go, with Neovim's vim.lsp.rpc.
local report, events, on_event, bad = {}, {}, function() end, nil

local client = vim.lsp.rpc.start({ 'pygent', 'serve' }, {
  notification = function(method, event)
    if method == 'agent/event' then
      on_event(event)
    end
  end,
  server_request = function(_, params)
    report.question = params.question
    return { answer = 'blue' }
  end,
  on_error = function(_, message)
    bad = message
  end,
  on_exit = function(code)
    report.exit = code
  end,
})

local function wait(what, done)
  assert(vim.wait(30000, done, 5), 'no ' .. what)
end

-- call waits for the result. Callbacks run at once, but notifications only when Neovim is
-- idle; schedule_wrap keeps the server's order.
local function call(method, params)
  local answered, failure, result = false, nil, nil
  client.request(method, params, vim.schedule_wrap(function(e, r)
    answered, failure, result = true, e, r
  end))
  wait('answer to ' .. method, function() return answered end)
  assert(not failure, tostring(failure))
  return result
end

local initialized = call('initialize', {
  processId = vim.uv.os_getpid(),
  capabilities = { experimental = { pygent = { askUser = true } } },
})
report.server = initialized.serverInfo.name
client.notify('initialized', vim.empty_dict())

on_event = function(event) table.insert(events, event) end
report.status = call('agent/step', { prompt = 'greet' }).status
report.events, report.text = { events[1].kind, events[#events].kind }, ''
for _, event in ipairs(events) do
  if event.kind == 'textDelta' then
    report.text = report.text .. event.delta
  end
end

local hang
on_event = function(event)
  if event.kind == 'toolOutput' then
    client.notify('$/cancelRequest', { id = hang })
  end
end
local _, id = client.request('agent/step', { prompt = 'hang' }, function(_, result)
  report.cancelled = result and result.status
end)
hang = id
wait('answer to the cancelled step', function() return report.cancelled end)

report.answered = call('agent/step', { prompt = 'ask' }).text

local task = call('tasks/start', { prompt = 'greet' })
report.task = call('tasks/wait', { taskIds = { task.taskId } }).done[1].state

client.request(7, {}, function() end) -- a method that is not a string
wait('answer to the bad request', function() return bad end)
report.malformed = bad.error.code

call('shutdown')
client.notify('exit')
wait('exit', function() return report.exit end)
io.stdout:write(vim.json.encode(report), '\n')
